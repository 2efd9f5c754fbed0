"""What is cited has an entry, and what has an entry is cited by its own name."""

import re

import pytest

import groklens as gl
from groklens.claims import bibliography
from groklens.claims.bibliography import entries
from groklens.errors import GroklensError
from public_names import public

CITED = re.compile(r"\b([A-Z][\w'’-]*)(?: et al\.| (?:&|and) [A-Z]\w+)? (\d{4})\b")


def sources():
    """The source of every measure, a family's at its defaults; what has none by itself is left out."""
    found = set()
    for value in public(gl.measures).values():
        try:
            measure = value() if isinstance(value, type) else value
        except (TypeError, GroklensError):  # a protocol, or a family that has to be told something
            continue
        found.add(getattr(getattr(measure, "about", None), "source", ""))
    return sorted(found - {""})


def keys(text):
    return re.findall(r"^@\w+{([^,]+),$", text, flags=re.M)


def test_entries_are_whole_and_each_is_there_once():
    assert len({keys(entry.text)[0] for entry in entries()}) == len(entries())
    for entry in entries():
        assert entry.text.count("{") == entry.text.count("}")
        assert entry.text.endswith("\n}")
        assert re.fullmatch(r"\d{4}", entry.year)
        assert entry.eprint == "" or re.fullmatch(r"\d{4}\.\d{4,5}", entry.eprint)
        assert "title = " in entry.text or "howpublished = " in entry.text or "note = " in entry.text
    eprints = [entry.eprint for entry in entries() if entry.eprint]
    assert len(set(eprints)) == len(eprints)


def test_every_work_has_a_title_or_where_it_is_and_authors():
    """No entry is left for somebody else to fill in."""
    for entry in entries():
        assert entry.surname, entry.text
        assert "filled in" not in entry.text
        assert "title = " in entry.text or "howpublished = " in entry.text
        assert "eprint = " not in entry.text or "archivePrefix = {arXiv}" in entry.text


def test_what_tables_of_stages_cite_has_an_entry():
    task = gl.tasks.MarkovChains(states=2, length=6)
    table = gl.measures.stages(gl.Snapshot(gl.hypotheses.planted_induction(task), task))
    cited = [value.attrs.get("source", "") for value in table.values()]
    assert keys(bibliography(cited)) == ["edelman2024", "nguyen2024"]


def test_all_that_measures_cite_has_an_entry():
    assert len(sources()) > 40
    for source in sources():
        for number in re.findall(r"arXiv:(\d{4}\.\d{4,5})", source):
            assert f"eprint = {{{number}}}" in bibliography([source]), source
        for surname, year in CITED.findall(source):
            found = [each for each in entries() if each.is_cited(source)]
            assert any((each.surname, each.year) == (surname, year) for each in found), (source, surname)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Nanda et al. 2023, section 5", ["nanda2023"]),
        ("after Nanda et al. (2023), section 5.1", ["nanda2023"]),
        ("arXiv:2603.23784 (abstract)", ["arxiv2603.23784"]),
        (
            "Stander et al. 2023 (coset concentration), as normalised by Wu et al. 2024",
            ["stander2023", "wu2024"],
        ),
        ("Kantamneni & Tegmark 2025; token frequency as a null is ours", ["kantamneni2025"]),
        ("float64 cross-entropy at the answer", []),
        ("Nandan et al. 2023; Wu et al. 2023", []),
    ],
)
def test_a_source_gives_the_works_that_it_names(source, expected):
    assert keys(bibliography([source])) == expected


def test_each_work_comes_once():
    assert bibliography(["Nanda et al. 2023, section 4", "Nanda et al. 2023, section 5"]).count("@") == 1
    assert bibliography([]) == ""
