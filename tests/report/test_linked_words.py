"""Terms of a report are links to what they mean, once each, and nothing but prose is touched."""

import re

from groklens.report.glossary import GLOSSARY
from groklens.report.words import anchor, linked

PAGE = """<main><figure data-name="circuit"><figcaption>The Circuits of a run; the circuit again.</figcaption></figure>
<p class="note">A pizza is not prose here.</p><p class="caption">In circuit formation it rises.</p></main>"""


def test_the_first_mention_is_a_link_and_what_it_means_stands_at_the_end():
    page = linked(PAGE)
    assert page.count(f'href="#{anchor("circuit")}"') == 1
    assert f'<a class="word" href="#{anchor("circuit")}">Circuits</a>' in page
    assert page.index("circuit again") < page.index('id="words"') < page.index("</main>")


def test_every_link_has_its_target_and_no_other_term_is_said():
    page = linked(PAGE)
    linked_to = re.findall(r'href="#(word-[a-z-]+)"', page)
    assert sorted(linked_to) == sorted(re.findall(r'<dt id="(word-[a-z-]+)"', page))
    assert linked_to == [anchor(term) for term in ("circuit", "run", "circuit formation")]


def test_attributes_notes_and_pages_without_terms_stay():
    page = linked(PAGE)
    assert '<figure data-name="circuit">' in page
    assert "A pizza is not prose here." in page
    assert linked("<main><p>circuit</p></main>") == "<main><p>circuit</p></main>"


def test_terms_are_defined_once_and_without_markup():
    lowered = [term.lower() for term in GLOSSARY]
    assert len(set(lowered)) == len(lowered)
    assert not [said for said in GLOSSARY.values() if re.search(r"[<>`]", said)]
