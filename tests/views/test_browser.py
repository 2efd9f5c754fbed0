"""Pages in a real browser, offline: what they show after the slider has moved and the mouse has hovered."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import groklens as gl
from browser import Opened, browser, needs_chromium
from groklens import views
from groklens.report import report
from groklens.views.renderers.html_document import chart, document
from groklens.views.renderers.libraries import forget
from synthetic import STEPS, explanation, table

pytestmark = needs_chromium
RUNS = Path(__file__).parents[2] / "examples" / "runs"
HOOK = "blocks.0.attn.hook_pattern"


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def mod113():
    return gl.load(RUNS / "mod113")


@pytest.fixture
def opened(chromium, tmp_path):
    pages = []

    def open_(view, **options):
        path = view if isinstance(view, Path) else view.save(tmp_path / "view.html")
        pages.append(Opened(chromium, path, **options))
        return pages[-1]

    yield open_
    for each in pages:
        assert each.asked == []
        assert each.complaints == []
        each.close()


def _heights(page):
    return page.evaluate("Array.from(document.querySelector('.js-plotly-plot')._fullData[0].y)")


def test_the_slider_of_a_spectrum_shows_the_step_it_says(opened):
    found = table()
    seen = opened(views.spectrum(found))
    seen.drawn(1)
    chart = seen.page.locator(".js-plotly-plot")
    np.testing.assert_allclose(_heights(seen.page), found["embedding_spectrum"].values[-1], rtol=1e-6)
    for place, share in ((0, 0.0), (10, 10 / (len(STEPS) - 1))):
        seen.slide(chart, share)
        assert f"training step {STEPS[place]:,}" in chart.locator(".slider-label").first.text_content()
        np.testing.assert_allclose(_heights(seen.page), found["embedding_spectrum"].values[place], rtol=1e-6)
    seen.shot("spectrum")


def test_hovering_over_a_bar_says_its_number(opened):
    found = table(steps=[15000])
    seen = opened(views.spectrum(found))
    seen.drawn(1)
    seen.page.locator(".barlayer .point path").nth(13).hover(force=True)
    seen.page.wait_for_selector(".hovertext")
    value = float(found["embedding_spectrum"].sel(component=14)[-1])
    assert f"frequency 14: {value:.4g}" in seen.page.locator(".hovertext").first.text_content()


def _cells(page):
    """Red of the middle of each cell of the chosen head's large map: 255 at no attention, 0 at all of it."""
    return page.evaluate("""() => {
      const canvas = Array.from(document.querySelectorAll(".attention canvas")).slice(0, -1), n = 3;
      return canvas.map(function (each) {
        const context = each.getContext("2d"), size = each.width;
        return Array.from({length: n * n}, (_, i) => context.getImageData(
          (i % n + 0.5) * size / n, (Math.floor(i / n) + 0.5) * size / n, 1, 1).data[0]); });
    }""")


def test_attention_draws_the_captured_pattern_at_the_step_of_its_slider(opened, mod113):
    steps = [0, 15_000]
    inputs = [(3, 5), (50, 100)]
    pattern = gl.capture(mod113, HOOK, steps=steps)[HOOK].values
    seen = opened(views.attention(mod113, inputs, steps=steps))
    seen.page.wait_for_selector(".attention canvas")
    for place, step in ((1, "15,000"), (0, "0")):
        said = seen.page.locator(".attention tbody")
        before = said.text_content()
        seen.page.locator("input[type=range]").fill(str(place))
        if place == 0:  # it stands at the last one when it is opened
            seen.changes(said, before)
        seen.settled()
        assert seen.page.locator("output").inner_text() == step
        expected = pattern[place, 3 * 113 + 5]
        rows = [row.split("\t") for row in seen.page.locator(".attention tbody").inner_text().splitlines()]
        said = [[float(cell.split(": ")[1]) for cell in row[1:]] for row in rows]
        np.testing.assert_allclose(said, expected[:, -1], atol=6e-4)
        drawn = np.array(_cells(seen.page)).reshape(expected.shape)
        below = np.tril(np.ones((3, 3), dtype=bool))
        shares, reds = expected[:, below].reshape(-1), drawn[:, below].reshape(-1)
        order = np.argsort(shares)
        assert (
            np.diff(reds[order]) <= 8
        ).all()  # more attention, less red; 8 for those that are all but equal
        assert np.ptp(reds) > 100
        assert np.ptp(drawn[:, ~below]) == 0  # masked: one grey, whatever the scale
        assert 150 < drawn[0, 0, 1] < 220
    seen.shot("attention")
    # This test's own reading of canvases is what the console says could be faster.
    assert all("willReadFrequently" in each for each in seen.complaints)
    seen.complaints.clear()


def test_the_input_can_be_chosen_and_the_mean_is_the_mean(opened, mod113):
    mean = gl.capture(mod113, HOOK, steps=[15_000], reduce="mean")[HOOK].values[0]
    seen = opened(views.attention(mod113, [(3, 5)], steps=[15_000]))
    seen.page.wait_for_selector(".attention canvas")
    said = seen.page.locator(".attention tbody")
    before = said.text_content()
    seen.page.locator("select").select_option("1")
    seen.changes(said, before)
    rows = [row.split("\t") for row in seen.page.locator(".attention tbody").inner_text().splitlines()]
    np.testing.assert_allclose(
        [[float(cell.split(": ")[1]) for cell in row[1:]] for row in rows], mean[:, -1], atol=6e-4
    )
    assert rows[0][1].startswith("a: ")


@pytest.fixture(scope="module")
def report_of_mod113(explained, tmp_path_factory):
    return views.report(explained("mod113")).save(tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="module")
def reports(chromium, report_of_mod113):
    """The report opened on a telephone in the dark and on a desk, each once: to be looked at, and made wider."""
    schemes, pages = {390: "dark", 1280: "light"}, {}

    def open_(width):
        if width not in pages:
            pages[width] = Opened(chromium, report_of_mod113, width=width, color_scheme=schemes[width])
        return pages[width]

    yield open_
    for each in pages.values():
        each.close()


@pytest.fixture
def opened_report(reports):
    pages = []

    def open_(width=1280):
        pages.append(reports(width))
        return pages[-1]

    yield open_
    for each in pages:
        assert each.asked == []
        assert each.complaints == []


def test_the_report_shows_everything_offline(opened_report, report_of_mod113):
    assert report_of_mod113.stat().st_size < 12_000_000
    seen = opened_report()
    charts = seen.page.locator(".chart").count()
    assert seen.drawn(charts) == charts >= 9
    seen.page.wait_for_selector(".attention canvas")
    assert "Left out" not in seen.page.locator("main").inner_text()
    chart = seen.page.locator("#embedding .js-plotly-plot")
    seen.slide(chart, 0.0)
    assert "training step 0" in chart.locator(".slider-label").first.text_content()
    seen.slide(chart, 1.0)
    assert "training step 15,000" in chart.locator(".slider-label").first.text_content()
    seen.page.locator('nav a[href="#circles"]').click()
    assert seen.page.evaluate("location.hash") == "#circles"
    seen.shot("report")


GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}


@pytest.mark.parametrize(
    ("begun", "width", "scheme"),
    [
        (390, 390, "dark"),
        (390, 390, "light"),
        (1280, 1280, "light"),
        (1280, 1920, "dark"),
        (1280, 700, "light"),
    ],
)
def test_the_report_is_whole_at_every_width(opened_report, begun, width, scheme):
    """As it is opened, and after the window or the machine's colours have changed."""
    seen = opened_report(begun)
    charts = seen.drawn(9)
    seen.page.emulate_media(color_scheme=scheme)
    seen.resize(width)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.sticking_out() == []
    assert seen.overlapping() == []
    strips = seen.sizes(".findings svg")
    assert len(strips) > 20
    assert all(across >= 100 and up >= 10 for across, up in strips)
    assert len(seen.sizes(".js-plotly-plot")) == charts
    assert all(across >= 200 and up >= 60 for across, up in seen.sizes(".js-plotly-plot"))
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == GROUNDS[scheme]
    seen.shot(f"report_{width}_{scheme}")


#: What a reader sees of every figure: its size, the boxes of its panels, and where the titles of panels stand.
_LAID_OUT = """() => Array.from(document.querySelectorAll(".js-plotly-plot"), function (chart) {
  const box = chart.querySelector(".main-svg").getBoundingClientRect(), own = chart.getBoundingClientRect();
  const panels = Object.values(chart._fullLayout._plots), round = numbers => numbers.map(Math.round);
  const titles = Array.from(chart.querySelectorAll(".annotation"), each => each.getBoundingClientRect());
  return [round([box.width, box.height, own.height]), box.width <= chart.closest("main").clientWidth,
    panels.map(each => round([each.xaxis._offset, each.xaxis._length, each.yaxis._offset, each.yaxis._length])),
    titles.map(each => round([each.left - own.left, each.top - own.top]))]; })"""


def _laid_out(seen, width):
    seen.resize(width)
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    found = seen.page.evaluate(_LAID_OUT)
    assert all(fits for _, fits, _, _ in found)
    return found


def test_a_report_made_narrow_and_wide_again_is_as_it_was_opened(opened_report):
    """As when a telephone is turned; the step that a slider shows stays."""
    phone, desk = opened_report(390), opened_report(1280)
    for seen in (phone, desk):
        seen.drawn(9)
    asked = _laid_out(phone, 390)
    chart = desk.page.locator("#embedding .js-plotly-plot")
    wide = _laid_out(desk, 1280)
    desk.slide(chart, 0.0)
    assert _laid_out(desk, 390) == asked
    assert "training step 0" in chart.locator(".slider-label").first.text_content()
    assert _laid_out(desk, 1280) == wide
    assert wide != asked
    desk.slide(chart, 1.0)


def test_a_report_that_was_printed_is_as_it_was_opened(opened_report):
    desk = opened_report(1280)
    desk.drawn(9)
    wide = _laid_out(desk, 1280)
    desk.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    desk.settled()
    assert {across for across, _ in desk.sizes(".js-plotly-plot .main-svg")} == {680, 600}
    desk.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert _laid_out(desk, 1280) == wide


def test_the_heads_have_no_white_box_in_a_dark_page(opened_report):
    """What is drawn for white is turned over in the dark, and left alone where it is light."""
    seen = opened_report()
    seen.page.wait_for_selector(".attention canvas")
    for scheme, turned in (("dark", "invert(1) hue-rotate(180deg)"), ("light", "none")):
        seen.page.emulate_media(color_scheme=scheme)
        seen.settled()  # the page hears of it before it is painted
        drawing = seen.page.locator(".attention .drawing")
        assert drawing.evaluate("e => getComputedStyle(e).filter") == turned
        assert "share of attention: 0" in drawing.inner_text()
        assert "masked" in drawing.inner_text()


def test_texts_over_each_other_and_what_sticks_out_are_found(opened):
    """The control of the two tests above: a picture that has both."""
    view = views.curves(table(), ["test_loss"])
    for text in ("one", "other"):
        view.plotly.add_annotation(text=text, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    view.plotly.update_layout(width=800)
    seen = opened(view, width=600)
    seen.drawn(1)
    seen.page.evaluate("document.querySelector('main').style.width = '700px'")
    assert ["one", "other"] in seen.overlapping()
    assert ["one", "other"] in seen.overlapping(0)
    assert any("MAIN" in each for each in seen.sticking_out())


def test_a_picture_of_a_notebook_follows_its_cell(opened, tmp_path):
    """A pane beside it is dragged: the cell is narrower, and the window as wide as before."""
    forget()
    cell = views.curves(table(), ["test_loss"])._repr_mimebundle_()["text/html"]
    path = tmp_path / "cell.html"
    path.write_text(f'<!DOCTYPE html><meta charset="utf-8"><main>{cell}</main>', "utf-8")
    seen = opened(path)
    seen.drawn(1)
    ((_, before),) = seen.sizes(".js-plotly-plot")
    for width in (500, 900):
        seen.page.evaluate(f"document.querySelector('main').style.width = '{width}px'")
        seen.page.wait_for_function(
            "width => document.querySelector('.main-svg').clientWidth === width", arg=width
        )
        assert seen.sizes(".js-plotly-plot") == [[width, before]]


class _Still:
    """A run of two steps at which the model is the same: what the pictures of A5 need, without training."""

    def __init__(self):
        self.task, self.steps = gl.GroupComposition("A5"), (0, 1000)
        self.model = gl.MLP(d_mlp=12, d_embed=8).build(self.task, seed=0)

    def at(self, step):
        return gl.Snapshot(self.model, self.task, step=step)


LONG_NAMES = {
    "neurons": lambda run: views.neurons(run, range(6)),
    "embedding": lambda run: views.embedding(run, ["standard", "a5_3d_a", "a5_3d_b"]),
    "spectrum": lambda run: views.spectrum(run, highlight=["standard", "a5_3d_a"]),
    "clusters": lambda run: views.clusters(run, ["standard", "a5_3d_a"]),
    "logits": lambda run: views.logits(run),
    "curves": lambda run: views.curves(run, ["loss", "all_accuracy"]),
}


def _together(shown, path):
    """Pictures below each other on one page, as in a report: what costs most is to open a page."""
    body = "".join(chart(view.spec, view.text) for view in shown)
    path.write_text(document("pictures", f"<main>{body}</main>"), "utf-8")
    return path


@pytest.fixture(scope="module")
def long_names(chromium, tmp_path_factory):
    """Every picture of permutations on a telephone and on a desk, by width."""
    run = _Still()
    path = _together([make(run) for make in LONG_NAMES.values()], tmp_path_factory.mktemp("a5") / "view.html")
    pages = {width: Opened(chromium, path, width=width) for width in (390, 1280)}
    for width, each in pages.items():
        assert each.drawn(len(LONG_NAMES)) == len(LONG_NAMES)
        each.shot(f"a5_{width}")
    yield pages
    for each in pages.values():
        each.close()


@pytest.mark.parametrize("name", LONG_NAMES)
def test_names_of_permutations_overprint_nothing(long_names, name):
    for seen in long_names.values():
        assert seen.overlapping(list(LONG_NAMES).index(name)) == []
        assert seen.sticking_out() == []
        assert seen.asked == seen.complaints == []


SLIDERS = {
    "spectrum": lambda run: views.spectrum(table()),
    "clusters": lambda run: views.clusters(table(neurons=32)),
    "embedding": lambda run: views.embedding(run),
    "neurons": lambda run: views.neurons(run, [0, 1]),
}


@pytest.fixture(scope="module")
def sliders(chromium, _trained_once, tmp_path_factory):
    """Every picture with a slider, on a telephone."""
    run = gl.load(_trained_once)
    path = _together(
        [make(run) for make in SLIDERS.values()], tmp_path_factory.mktemp("sliders") / "view.html"
    )
    seen = Opened(chromium, path, width=390)
    assert seen.drawn(len(SLIDERS)) == len(SLIDERS)
    yield seen
    seen.close()


@pytest.mark.parametrize("name", SLIDERS)
def test_the_first_click_on_play_plays_and_pause_stops(sliders, name):
    seen, chart = sliders, sliders.page.locator(".js-plotly-plot").nth(list(SLIDERS).index(name))
    said = chart.locator(".slider-label").first
    last = said.text_content()
    buttons = chart.locator(".updatemenu-button")
    buttons.nth(0).click()
    seen.changes(said, last)
    assert said.text_content() != last
    buttons.nth(1).click()
    seen.page.wait_for_timeout(200)
    stopped = said.text_content()
    seen.page.wait_for_timeout(900)
    assert said.text_content() == stopped
    # Plotly says in the console that what was playing was interrupted; that is what the second button is for.
    assert "Plotly.animate rejected" in seen.complaints[0]
    seen.complaints.clear()
    assert seen.asked == []


#: Pixels from the lower edge of the first row's plots to the titles below it.
_BELOW_FIRST_ROW = """() => {
  const chart = document.querySelector(".js-plotly-plot"), layout = chart._fullLayout;
  const from = chart.getBoundingClientRect().top + layout.yaxis._offset + layout.yaxis._length;
  const tops = Array.from(chart.querySelectorAll(".annotation"), each => each.getBoundingClientRect().top);
  return Math.min(...tops.filter(top => top > from - 20)) - from;
}"""


def test_the_titles_of_a_second_row_stand_as_far_below_the_first_on_a_phone(opened, tiny_run):
    view = views.neurons(tiny_run, [0, 1, 2, 3])
    away = {}
    for width in (1280, 390):
        seen = opened(view, width=width)
        seen.drawn(1)
        assert seen.overlapping() == []
        away[width] = seen.page.evaluate(_BELOW_FIRST_ROW)
        seen.shot(f"two_rows_{width}")
    assert away[390] >= 16
    assert away[390] == pytest.approx(away[1280], abs=8)


def test_an_edge_that_is_not_seen_answers_no_pointer(opened, tiny_run):
    view = views.circuit(tiny_run, gl.Circuit("C7", [1]))
    lines = [trace for trace in view.data if trace.mode == "lines"]
    dots = next(trace for trace in view.data if trace.mode == "markers")
    seen_lines = [line for line in lines if "0.75" in line.line.color]
    assert 0 < len(dots.x) == len(seen_lines) < len(lines)
    assert len([trace for trace in view.data if trace.mode == "lines+text"]) == 3
    seen = opened(view, width=390)
    seen.drawn(1)
    assert seen.overlapping() == []


def test_the_report_prints(opened, tmp_path):
    seen = opened(report(explanation()))
    seen.drawn(7)
    seen.page.emulate_media(media="print")
    assert not seen.page.locator("nav").is_visible()
    assert seen.page.pdf().startswith(b"%PDF")
