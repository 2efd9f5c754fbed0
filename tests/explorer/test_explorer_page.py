"""The explorer's page in a browser, opened from a folder with the network cut, by the mouse and by the keyboard."""

import base64
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from explorer_folder import MARKUP, OTHER_STEPS, STEPS, made_up, number_said, write_folder

from browser import Opened, browser, needs_chromium

pytestmark = needs_chromium
#: Files of the slowest step come when the test says so; all others at once.
_HELD = """step => {
  const append = document.head.append.bind(document.head);
  window.held = [];
  document.head.append = function (script) {
    if (script.src.endsWith("/step/" + step + ".js")) window.held.push(() => append(script));
    else append(script);
  };
}"""
_PICTURES = """() => Array.from(document.querySelectorAll(".picture"), picture => ({
  kind: picture.dataset.kind,
  at: picture.querySelector(".at").textContent,
  y: Array.from(picture.querySelector(".chart")._fullData[0].y || []),
  z: Array.from(picture.querySelector(".chart")._fullData[0].z || [], row => Array.from(row)),
}))"""
#: Where the line that marks the step stands, by chart of curves.
_MARKS = """() => Array.from(document.querySelectorAll(".run-whole .chart"),
  chart => chart._fullLayout.shapes.filter(shape => shape.name === "step shown").map(shape => shape.x0))"""


@pytest.fixture(scope="module")
def data():
    return json.loads(json.dumps(made_up()))


@pytest.fixture(scope="module")
def folder(data, tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("explorer"), data)


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture
def opened(chromium, folder):
    pages = []

    def open_(place="", path=folder, **options):
        seen = Opened(chromium, path, **{"width": 1280, **options})
        pages.append(seen)
        seen.page.on("dialog", lambda dialog: seen.complaints.append(f"a dialog: {dialog.message}"))
        if place:
            to(seen, place)
        return seen

    yield open_
    for each in pages:
        assert each.asked == []
        assert each.complaints == []
        each.close()


def to(seen, place):
    seen.page.evaluate("place => { location.hash = place; }", place)


def standing(seen, text):
    """Wait until the slider says this step and nothing is under way, and the pictures are painted."""
    seen.page.wait_for_function(
        """text => { const said = document.querySelector(".slider output");
        return said && said.textContent === text && !document.getElementById("said").textContent; }""",
        arg=text,
    )
    seen.settled()


def some_were_missing(seen):
    """Of files that are not there the browser complains, and of nothing else."""
    seen.page.wait_for_timeout(0)  # lets the last complaint come
    assert seen.complaints
    assert all("ERR_FILE_NOT_FOUND" in each for each in seen.complaints)
    seen.complaints.clear()


def said_of(step, steps):
    return f"step {step:,} ({steps.index(step) + 1} of {len(steps)})"


def numbers(seen):
    rows = seen.page.locator(".numbers tbody tr").all_inner_texts()
    return {row.split("\t")[0]: row.split("\t")[1:] for row in rows}


def of_step(data, run, step):
    return data[f"run/{run}/step/{step}"]


def heights(data, run, step):
    """What the bars of the spectrum are, from the file of the step."""
    return unpacked(of_step(data, run, step)["pictures"][0]["figure"]["data"][0]["y"])


def unpacked(packed):
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])


def check_step(seen, data, run, step, at=None):
    """Every picture and number of a run shown alone is that of the step's file."""
    pictures = seen.page.evaluate(_PICTURES)
    assert [each["kind"] for each in pictures] == ["spectrum", "neurons"]
    assert {each["at"] for each in pictures} == {f"step {step:,}"}
    np.testing.assert_allclose(pictures[0]["y"], heights(data, run, step), rtol=1e-6)
    first = of_step(data, run, step)["pictures"][1]["figure"]["data"][0]["z"]
    np.testing.assert_allclose(np.ravel(pictures[1]["z"]), unpacked(first), rtol=1e-6)
    for each in of_step(data, run, step)["numbers"]:
        value = number_said(numbers(seen)[each["name"]][0])
        assert value == pytest.approx(each["value"], rel=1e-3, abs=1e-12)


def test_one_slider_moves_every_picture_the_numbers_and_the_mark_at_once(opened, data):
    seen = opened("run=0")
    standing(seen, said_of(15000, STEPS))
    check_step(seen, data, 0, 15000)
    for step in (0, 1000):
        seen.page.locator("#step").fill(str(STEPS.index(step)))
        standing(seen, said_of(step, STEPS))
        check_step(seen, data, 0, step)
        assert seen.page.locator("#step").get_attribute("aria-valuetext") == said_of(step, STEPS)
        (marks,) = seen.page.evaluate(_MARKS)
        begins = seen.page.evaluate("() => document.querySelector('.run-whole .chart')._fullData[0].x[0]")
        assert marks == [
            pytest.approx(step or begins)
        ]  # step 0 stands where the curves begin: a log axis has no 0
    assert seen.page.evaluate("() => location.hash") == "#run=0&step=1000"


def test_an_older_answer_never_stands_under_a_newer_label(opened, data):
    seen = opened("run=0&step=100")
    standing(seen, said_of(100, STEPS))
    seen.page.evaluate(_HELD, 1000)
    seen.page.locator("#step").fill(str(STEPS.index(1000)))
    seen.page.wait_for_function("() => window.held.length === 1")
    assert seen.page.locator(".slider output").inner_text() == f"{said_of(100, STEPS)} · loading step 1,000"
    assert seen.page.locator("#said").inner_text() == "Loading step 1,000."
    check_step(seen, data, 0, 100)
    seen.page.locator("#step").fill(str(STEPS.index(5500)))
    standing(seen, said_of(5500, STEPS))
    check_step(seen, data, 0, 5500)
    before = seen.page.evaluate("() => explorer.keeps().length")
    seen.page.evaluate("async () => { held[0](); await explorer.load('run/0/step/1000'); }")
    seen.settled()
    assert seen.page.evaluate("() => explorer.keeps().length") == before
    assert seen.page.locator(".slider output").inner_text() == said_of(5500, STEPS)
    check_step(seen, data, 0, 5500)


def focused(seen):
    return seen.page.evaluate(
        "() => [document.activeElement.tagName, document.activeElement.textContent.trim().slice(0, 60)]"
    )


def tab_to(seen, text, most=60):
    """Press Tab until the focus is on what has this text or label."""
    for _ in range(most):
        seen.page.keyboard.press("Tab")
        found = seen.page.evaluate(
            "() => [document.activeElement.getAttribute('aria-label'), document.activeElement.id, "
            "document.activeElement.textContent.trim()]"
        )
        if text in found:
            return
    raise AssertionError(f"Tab never comes to {text!r}, but to {found}.")


def test_everything_can_be_done_by_the_keyboard(opened, data):
    seen = opened()
    seen.page.wait_for_selector("#list a")
    press = seen.page.keyboard.press
    tab_to(seen, "mod113")
    press("Enter")
    standing(seen, said_of(15000, STEPS))
    assert focused(seen) == ["H1", "mod113"]
    press("ArrowLeft")  # from anywhere that has no use of its own for arrows
    standing(seen, said_of(9000, STEPS))
    tab_to(seen, "step")
    press("ArrowLeft")
    standing(seen, said_of(5500, STEPS))
    tab_to(seen, "next step")
    press("Enter")
    standing(seen, said_of(9000, STEPS))
    press("ArrowRight")
    standing(seen, said_of(15000, STEPS))
    tab_to(seen, "One frequency (56)")
    press("Enter")
    tab_to(seen, "frequency 2")
    press("Enter")
    seen.page.wait_for_selector("#part table")
    assert focused(seen) == ["H2", "frequency 2"]
    press("Escape")
    seen.page.wait_for_selector("#part", state="detached")
    assert focused(seen) == ["BUTTON", "frequency 2"]
    seen.page.locator("#list a").first.focus()
    press("Enter")
    seen.page.wait_for_selector(".sweep .main-svg")
    assert focused(seen)[0] == "H1"
    tab_to(seen, "train_fraction 0.3, weight_decay 1: 3 runs")
    press("Enter")
    tab_to(seen, "no decay")
    press("Enter")
    standing(seen, said_of(12000, OTHER_STEPS))
    check_step(seen, data, 1, 12000)


def test_two_runs_are_beside_each_other_under_one_slider_and_each_says_its_step(opened, data):
    seen = opened("run=0")
    standing(seen, said_of(15000, STEPS))
    seen.page.locator("#with").focus()
    seen.page.locator("#with").select_option("1")
    union = sorted({*STEPS, *OTHER_STEPS})
    standing(seen, said_of(15000, union))
    assert seen.page.evaluate("() => document.activeElement.id") == "with"
    seen.page.locator("#step").fill(str(union.index(5500)))
    standing(seen, said_of(5500, union))
    pictures = seen.page.evaluate(_PICTURES)
    assert [(each["kind"], each["at"]) for each in pictures] == [
        (kind, at) for kind in ("spectrum", "neurons") for at in ("mod113, step 5,500", "no decay, step 300")
    ]
    np.testing.assert_allclose(pictures[0]["y"], heights(data, 0, 5500), rtol=1e-6)
    np.testing.assert_allclose(pictures[1]["y"], heights(data, 1, 300), rtol=1e-6)
    assert seen.page.evaluate(_MARKS) == [[pytest.approx(5500)], [pytest.approx(300)]]
    left, right = (seen.page.locator(".picture").nth(i).bounding_box() for i in (0, 1))
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] < right["x"]
    seen.page.locator("#with").select_option("")
    standing(seen, said_of(5500, STEPS))
    check_step(seen, data, 0, 5500)


def test_a_place_is_in_the_address_and_comes_back_from_it(opened, data, folder):
    seen = opened("run=0&with=1&step=6000&part=1/frequency-14")
    panel = seen.page.locator("#part")
    panel.locator(".note").wait_for()
    address = seen.page.evaluate("() => location.hash")
    seen.page.goto("about:blank")
    seen.page.goto(folder.resolve().as_uri() + address)
    panel.locator(".note").wait_for()
    union = sorted({*STEPS, *OTHER_STEPS})
    standing(seen, said_of(6000, union))
    assert panel.locator("h2").inner_text() == "frequency 14"
    assert panel.locator(".at").inner_text() == "no decay, step 6,000"
    seen.page.locator("#list a", has_text="no decay").click()
    standing(seen, said_of(12000, OTHER_STEPS))
    assert panel.count() == 0
    seen.page.go_back()
    standing(seen, said_of(6000, union))
    panel.locator(".note").wait_for()
    some_were_missing(seen)


def test_a_bar_that_is_clicked_on_shows_its_evidence_and_what_ablating_it_does(opened):
    seen = opened("run=0")
    standing(seen, said_of(15000, STEPS))
    bar = seen.page.locator('.picture[data-kind="spectrum"] .barlayer .point path').nth(13)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    seen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 4)
    panel = seen.page.locator("#part")
    panel.locator("table").first.wait_for()
    assert panel.get_attribute("role") == "dialog"
    assert panel.locator("h2").inner_text() == "frequency 14"
    assert "0.21 at 15000" in panel.inner_text()
    said = " ".join(panel.locator("tr", has_text="test loss").inner_text().split())
    assert said == "test loss 0.25 3.5 0.3 0.26 to 0.4, 20 draws"
    assert "Control: random direction of the same size." in panel.inner_text()
    seen.page.locator("#previous").click()
    standing(seen, said_of(9000, STEPS))
    panel.locator(".note").wait_for()  # of this step no parts are exported
    assert "groklens show" in panel.locator(".note").inner_text()
    assert panel.locator(".at").inner_text() == "mod113, step 9,000"
    panel.locator("button").click()
    panel.wait_for(state="detached")
    assert focused(seen)[0] == "ARTICLE"
    seen.page.locator('.picture[data-kind="neurons"] .nsewdrag').nth(4).click()
    panel.wait_for()
    assert panel.locator("h2").inner_text() == "neuron 4"
    some_were_missing(seen)


def test_a_place_of_a_sweep_opens_its_run_and_an_explanation_is_asked_for(opened, data):
    seen = opened("sweep=s0")
    seen.page.wait_for_selector(".sweep .main-svg")
    seen.settled()
    box = seen.page.locator(".sweep .nsewdrag").bounding_box()
    seen.page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.75 * box["height"])
    standing(seen, said_of(15000, STEPS))
    assert seen.page.evaluate("() => location.hash") == "#run=0"
    assert not seen.page.locator(".explained").count()
    seen.page.get_by_role("button", name="Explain this run").click()
    seen.page.wait_for_selector(".explained")
    assert focused(seen)[0] == "DIV"
    seen.page.locator(".explained summary").click()
    text = seen.page.locator(".explained").inner_text()
    for said in (
        "five frequencies",
        "supported",
        "the circuit alone answers",
        "0.998",
        "random subspaces: 0.01",
    ):
        assert said in text


def test_what_is_not_there_is_said_in_words_and_the_rest_goes_on(opened, data, folder, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(folder.parent, damaged)
    (damaged / "data/run/0/step/1000.js").unlink()
    (damaged / "data/run/0/step/100.js").write_text(
        'explorer.receive("data/run/0/step/100", {"note": "cut short"});'
    )
    (damaged / "data/run/1.js").unlink()
    seen = opened("run=0&step=1000", path=damaged / "index.html")
    seen.page.wait_for_selector(".pictures .note")
    assert "groklens show" in seen.page.locator(".pictures .note").inner_text()
    assert seen.page.locator(".picture").count() == 0  # and no picture of another step
    seen.page.locator("#previous").click()
    seen.page.wait_for_function(
        "() => (document.querySelector('.pictures .note') || {}).textContent === 'cut short'"
    )
    seen.page.locator("#next").click()
    seen.page.locator("#next").click()
    standing(seen, said_of(5500, STEPS))
    check_step(seen, data, 0, 5500)
    to(seen, "run=0&with=1&step=5500")
    seen.page.wait_for_selector(".run-whole .note")
    seen.page.wait_for_selector(".picture .main-svg")
    to(seen, "run=99")
    seen.page.wait_for_function("() => document.getElementById('said').textContent.includes('no such run')")
    some_were_missing(seen)


def test_markup_in_names_is_text_and_nothing_of_it_runs(opened):
    seen = opened("run=3")
    standing(seen, said_of(7, [0, 7]))
    seen.page.get_by_role("button", name="Explain this run").click()
    seen.page.wait_for_selector(".explained")
    to(seen, "run=3&step=7&part=3/frequency-1")
    seen.page.wait_for_selector("#part table")
    assert seen.page.locator("h1").inner_text() == MARKUP
    assert MARKUP in seen.page.locator("#part").inner_text()
    assert seen.page.evaluate("() => document.querySelectorAll('body img').length") == 0
    scripts = seen.page.evaluate(
        "() => Array.from(document.querySelectorAll('script'), each => each.getAttribute('src'))"
    )
    assert all(re.fullmatch(r"[a-z.]+\.js", each) for each in scripts)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_nothing_overlaps_or_sticks_out(opened, width, scheme):
    seen = opened("run=0&step=5500", width=width, color_scheme=scheme, reduced_motion="reduce")
    standing(seen, said_of(5500, STEPS))
    for step in (100, 0, 5500):  # bars of one height: the labels of neighbours must not lie over each other
        seen.page.locator("#step").fill(str(STEPS.index(step)))
        standing(seen, said_of(step, STEPS))
        assert seen.overlapping() == []
    places = {
        "run": None,
        "two": "run=0&with=1",
        "part": "run=0&step=15000&part=0/frequency-14",
        "sweep": "sweep=s0",
    }
    waited = {"two": ".two .picture .main-svg", "part": "#part table", "sweep": ".sweep .main-svg"}
    for name, place in {**places, "markup": "run=3"}.items():
        if place:
            to(seen, place)
            seen.page.wait_for_selector(waited.get(name, ".alone .picture .main-svg"))
            seen.page.wait_for_function("() => !document.getElementById('said').textContent")
            seen.settled()
        seen.shot(f"explorer-{name}-{width}")
        assert seen.sticking_out() == []
        if name != "markup":  # its two steps, as fixed by other tests' tables, are too near for labels
            assert seen.overlapping() == []
    ink = seen.page.evaluate("() => document.querySelector('.picture .chart')._fullLayout.font.color")
    assert ink == ("#b9c0c9" if scheme == "dark" else "#4a525c")


def test_what_is_kept_is_bounded_and_every_control_has_a_name(opened):
    seen = opened("run=0")
    said = seen.page.evaluate("[5.295e-7, -3e-16, 2e12, 0.33339, 0, 1234567, null].map(explorer.number)")
    assert [each.replace("\N{NO-BREAK SPACE}", "~") for each in said] == [
        "5.295~×~10⁻⁷", "-3~×~10⁻¹⁶", "2~×~10¹²", "0.3334", "0", "1,235,000", "—"
    ]  # fmt: skip
    standing(seen, said_of(15000, STEPS))
    most = seen.page.evaluate("""async () => {
      for (let k = 1; k <= 56; k++) await explorer.load(`run/0/step/15000/part/frequency-${k}`);
      return explorer.keeps().length;
    }""")
    assert most == 40
    assert seen.page.evaluate("() => document.querySelectorAll('head script').length") == 0
    bare = seen.page.evaluate("""() => Array.from(document.querySelectorAll("button, input, select, a, [role=img]"))
      .filter(each => !(each.getAttribute("aria-label") || each.textContent.trim()
        || (each.labels && each.labels.length))).map(each => each.outerHTML.slice(0, 80))""")
    assert bare == []
    assert seen.page.get_by_role("navigation").count() == seen.page.get_by_role("main").count() == 1


def test_a_long_list_is_searched_by_name_and_says_what_cannot_be_opened(opened, tmp_path):
    runs = [{"id": str(k), "name": f"seed {k}", "task": "", "steps": [0], "note": None} for k in range(20)]
    sweep = {"id": "s0", "name": "damaged", "planes": [], "note": "sweep.json is no JSON."}
    seen = opened(
        path=write_folder(tmp_path / "many", {"index": {"version": "0", "runs": runs, "sweeps": [sweep]}})
    )
    seen.page.get_by_role("searchbox", name="named").fill("SEED 1")
    assert seen.page.locator("#list a:visible").all_inner_texts() == [
        f"seed {k}" for k in (1, *range(10, 20))
    ]
    assert "sweep.json is no JSON." in seen.page.locator("#list").inner_text()
    assert seen.page.locator("#list a", has_text="damaged").count() == 0
    assert "Choose a run" in seen.page.locator("main").inner_text()
