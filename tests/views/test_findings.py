"""What `findings` and `summary` say."""

import io
import re

import matplotlib.image
import pytest

from groklens.errors import BadArgument
from groklens.views import findings, summary
from synthetic import control, explanation, finding, phases


def _strips(page):
    return re.findall(r"<svg.*?</svg>", page, flags=re.S)


def _explained(*found):
    return explanation(found=object(), final=object(), findings=list(found))


def test_a_value_stands_beside_the_mean_range_and_draws_of_its_controls():
    page = findings(_explained(finding("It holds", 0.98, controls=[control("luck", 0.25, 0.125, 0.5)]))).html
    page = page.replace("\N{NO-BREAK SPACE}", " ")
    for text in ("It holds", "accuracy 98 %", "luck", "25 %", "12.5 % to 50 %, 20 draws", "supported"):
        assert text in page


def test_a_dot_is_placed_on_the_scale_of_its_controls():
    page = findings(_explained(finding("x", 0.5, controls=[control("y", 1.0, 1.0, 1.0, 1)]))).html
    dot, bar = _strips(page)
    assert 'cx="100.0"' in dot
    assert 'x1="193.0"' in bar


def test_numbers_beyond_one_have_a_scale_of_their_own():
    page = findings(_explained(finding("x", 12.0, "nats", controls=[control("y", 0.0, 0.0, 6.0)]))).html
    dot, bar = _strips(page)
    assert 'cx="193.0"' in dot
    assert 'width="93.0"' in bar


def test_a_missing_value_is_a_dash_without_a_dot():
    page = findings(
        _explained(finding("x", None, "nats", "undecided"), finding("y", float("nan"), "nats"))
    ).html
    assert all("<circle" not in strip for strip in _strips(page))
    assert page.count(">this model<") == 1
    assert page.count("–") >= 1


def test_verdicts_are_words_and_colours():
    page = findings(
        _explained(*(finding("x", 1.0, "", each) for each in ("supported", "refuted", "undecided")))
    ).html
    for verdict in ("supported", "refuted", "undecided"):
        assert f'<span class="verdict {verdict}">{verdict}</span>' in page


def test_text_is_escaped_everywhere():
    nasty = "<script>alert('&')</script>"
    hurt = explanation(
        found=object(),
        final=object(),
        task=nasty,
        findings=[finding(nasty, 1.0, nasty, controls=[control(nasty, 0, 0, 0)], note=nasty, source=nasty)],
    )
    for page in (findings(hurt).html, summary(hurt)):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(&#x27;&amp;&#x27;)" in page


@pytest.mark.parametrize("inches", [2.0, 3.25, 6.75])
def test_for_print_no_word_touches_the_edge_of_the_page(inches, tmp_path):
    """A claim of four lines, and a number whose units are long, with a control at either end of the scale."""
    ends = [control("never", 0.0, 0.0, 0.0), control("always", 1.0, 1.0, 1.0)]
    long = "removing the circuit's components from what is read out takes the accuracy towards chance " * 2
    shown = [finding(long, 0.5, "% of the components that any of them names", controls=ends)] * 3
    shown.append(finding("there is no number", None, verdict="refuted"))
    path = findings(_explained(*shown)).save(tmp_path / "page.png", width=inches)
    page = matplotlib.image.imread(io.BytesIO(path.read_bytes()))[..., :3]
    assert page.min() < 0.5
    for edge in (page[:5], page[-5:], page[:, :5], page[:, -5:]):
        assert edge.min() == 1


def test_no_findings_is_said():
    assert "There are no findings" in findings(_explained()).html


def test_findings_in_a_notebook_bring_their_style_and_no_script():
    bundle = findings(explanation(found=object(), final=object()))._repr_mimebundle_()
    shown = bundle["text/html"]
    assert bundle["text/plain"] == "6 findings about a+b mod 113."
    assert "<style>" in shown
    assert "<script" not in shown


def test_the_summary_has_verdict_phases_and_findings_and_neither_script_nor_style_sheet():
    shown = summary(explanation(found=object(), final=object()))
    headline = "generalises by a clock-like circuit on frequencies 14, 35, 41, 42, 52 of C113: supported."
    assert headline in shown
    assert "5,500–6,000" in shown
    assert "random subspaces of the same dimension: 3.1 % (1.2 % to 6.4 %, 20 draws)" in shown
    assert "<script" not in shown
    assert "<style" not in shown


def test_the_summary_of_a_lone_memorising_model():
    cleanup = phases(cleanup=(None, None))[2]
    mine = {"generalised": False, "algorithm": "memorised", "circuit": None, "verdict": "refuted"}
    shown = summary(explanation(found=object(), final=object(), phases=[cleanup], findings=[], **mine))
    assert "fits its train inputs and is correct on" in shown
    assert "that it generalises by a circuit is refuted" in shown
    assert "not seen" in shown


def test_a_run_is_explained_before_it_is_summed_up(tiny_run):
    with pytest.raises(BadArgument, match="explain it first"):
        summary(tiny_run)
