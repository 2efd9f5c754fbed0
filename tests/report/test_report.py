"""What a report holds, whatever was explained."""

import html
import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

import groklens as gl
from groklens.claims import Phase
from groklens.report import report
from synthetic import STEPS, explanation, phases, snapshot, table

MEMORISED = {"generalised": False, "algorithm": "memorised", "verdict": "refuted", "circuit": None}


class _Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found, self.text = [], []
        self._hidden = 0
        # plotly.js is megabytes of script with nothing in it for a parser of tags.
        self.feed(re.sub(r"<script>/\*\*.*?</script>", "<script></script>", page, flags=re.S))

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag):
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data):
        if not self._hidden:
            self.text.append(data)


def _text(page):
    return " ".join(" ".join(_Tags(page).text).split())


def _charts(page):
    found = re.findall(r'<script type="application/json">(.*?)</script>', page, flags=re.S)
    return [json.loads(each) for each in found]


@pytest.fixture(scope="module")
def page():
    return report(explanation()).html


def test_the_page_loads_nothing(page):
    tags = _Tags(page).found
    loaded = [attrs for _, attrs in tags if "src" in attrs or ("href" in attrs and attrs["href"][0] != "#")]
    assert loaded == []
    assert not re.search(r"@import|url\(", re.search(r"<style>(.*?)</style>", page, flags=re.S).group(1))
    policy = next(attrs["content"] for tag, attrs in tags if tag == "meta" and "http-equiv" in attrs)
    assert policy.startswith("default-src 'none'")


def test_plotly_is_inside_once_and_the_page_stays_small(page):
    assert page.count("plotly.js (cartesian") == 1
    assert len(page) < 3_300_000


def test_it_says_when_with_what_and_how_sure(page):
    text = _text(page)
    assert "generalises by a clock-like circuit on frequencies 14, 35, 41, 42, 52 of C113: supported." in text
    assert "Memorisation: from step 0 to step 200–300; circuit formation: from step 200–300 to step" in text
    assert "<title>mod113 (a+b mod 113) generalises by a clock-like circuit" in page
    assert text.index("Model 1 layer, d_model 128") < text.rindex("generalises by a clock-like")


def test_every_entry_of_the_contents_leads_to_a_section(page):
    tags = _Tags(page).found
    links = [attrs["href"][1:] for tag, attrs in tags if tag == "a" and attrs.get("class") != "word"]
    assert links == [attrs["id"] for tag, attrs in tags if tag == "section" and attrs["id"] != "words"]
    assert len(links) == 11  # of 14, four are left out of what is made up, and one says why


def test_it_has_all_the_pictures_with_their_sliders(page):
    charts = _charts(page)
    assert len(charts) == 7
    sliders = [
        len(chart["layout"]["sliders"][0]["steps"]) for chart in charts if "sliders" in chart["layout"]
    ]
    assert sliders == [len(STEPS)] * 4
    assert page.count("<figcaption>") == 7


def test_numbers_of_the_last_step_come_with_their_sources(page):
    assert "Nanda et al. 2023, arXiv 2301.05217" in _text(page)
    assert "weight²" in _text(page)


def test_methods_and_sources_are_folded_up_to_be_copied(page):
    folded = re.findall(r"<details><summary>(.*?)</summary>(.*?)</details>", page, flags=re.S)
    assert [title for title, _ in folded] == ["Methods", "Sources, as BibTeX"]
    assert "trained on &lt;a+b&gt; &amp; looked at" in folded[0][1]
    assert "@article{nanda2023," in folded[1][1]
    assert all('<button type="button" class="copy" hidden>' in words for _, words in folded)


def test_findings_are_in_the_page_and_escaped(page):
    assert "Neurons are &lt;all&gt; pure &amp; simple" in page
    assert "1.2 % to 6.4 %, 20 draws" in _text(page)


def test_names_are_escaped():
    nasty = '"><img src=x onerror=alert(1)>'
    found = table(neurons=8)
    found["train_loss"].attrs.update(long_name="</script><b>", source=nasty)
    hurt = explanation(found, run=nasty, task=nasty, phases=[Phase(nasty, (0, 0), None)])
    shown = report(hurt).html
    assert "<img" not in shown.split("plotly.js v")[0]
    assert html.escape(nasty) in shown
    assert len(_charts(shown)) == 7


def test_a_memorising_run_has_no_circuit_to_show_and_says_so():
    found = table(circuit=False)
    memorised = phases(formation=((200, 300), None), cleanup=(None, None))
    shown = report(explanation(found, phases=memorised, key_components=[], **MEMORISED)).html
    text = _text(shown)
    assert "fits its train inputs and is correct on" in text
    assert "circuit formation: from step 200–300, not over at the last step; cleanup: not seen" in text
    assert "No component is singled out" in text
    assert "loss restricted to the circuit" not in text


def test_key_components_are_coloured_where_no_circuit_is_known():
    undecided = {"circuit": None, "algorithm": "undecided", "verdict": "undecided"}
    text = _text(report(explanation(table(circuit=False), **undecided)).html)
    assert "; how it computes is undecided, as no circuit survives its controls." in text
    assert "frequencies 14, 35, 41, 42, 52: key by the logits, though no circuit was found" in text


def test_one_model_has_no_curves_no_phases_and_no_sliders():
    shown = report(explanation(table(steps=[15000]), phases=[])).html
    charts = _charts(shown)
    assert len(charts) == 5
    assert all("sliders" not in chart["layout"] for chart in charts)
    assert "There is one step only" in _text(shown)
    assert "log scale" not in _text(shown)
    assert "The slider" not in _text(shown)


@pytest.mark.parametrize(("steps", "log"), [([0, 100], False), ([0, 100, 1000], True)])
def test_a_caption_says_that_steps_are_on_a_log_scale_where_they_are(steps, log):
    shown = report(explanation(table(steps=steps), phases=[])).html
    axes = {axis.get("type") for axis in (_charts(shown)[0]["layout"]["xaxis"],)}
    assert (axes == {"log"}, "steps are on a log scale, which has no place for step 0" in _text(shown)) == (
        log,
        log,
    )


def test_a_task_without_a_group_leaves_out_what_needs_one():
    task = gl.RandomTable(7, seed=0)
    model = gl.MLP(d_mlp=8, d_embed=None, combine="concat", bias=False).build(task, seed=0)
    text = _text(report(gl.explain(model, task)).html)
    left_out = text[text.index("What is left out", text.index("How we know")) :]
    for said in (
        "When it learned; Progress measures There is one step only",
        "The latent algorithm; Components in the embedding; The embedding in each component's plane; Components in the "
        "logits; Neurons by component; The circuit as a diagram A group is needed, and random table 7 has none.",
        "What the heads attend to This model has no attention heads that are known by name",
    ):
        assert said in left_out
    assert "What the heads attend to" not in text.removesuffix(left_out)


def test_captions_say_what_is_drawn_of_a_stream():
    task = gl.ModularArithmetic(5, "add")
    stream = gl.tasks.SparseParity(6, 2)
    runs = {}
    for each in (task, stream):
        models = {step: gl.MLP(d_mlp=8).build(each, seed=step) for step in (0, 10)}
        runs[each.name] = _text(report(gl.explain(gl.Run.of(models, each))).html)
    assert "Every update has fresh inputs, so that there are none to be memorised" in runs[stream.name]
    assert "is not known, so that memorising" in runs[task.name]
    assert "Gini coefficient: 0 where" in runs[task.name]
    assert "against training step: the sum of squared weights. They can move" in runs[stream.name]


def test_curves_of_all_inputs_are_shown_where_the_split_is_not_known():
    found = table(neurons=8).rename(test_loss="loss", test_accuracy="all_accuracy")
    found = found.drop_vars(["train_loss", "train_accuracy", "excluded_loss"])
    names = [trace["name"] for trace in _charts(report(explanation(found)).html)[0]["data"]]
    assert names == [
        "loss on test inputs",
        "loss restricted to the circuit",
        "accuracy on test inputs",
    ]


def test_irreps_are_called_irreps():
    found = table(components=("sgn", "std", "V"), keys=("sgn", "std"), neurons=9)
    circuit = SimpleNamespace(
        components=("sgn", "std"), group=SimpleNamespace(name="S3"), is_everything=False
    )
    text = _text(report(explanation(found, algorithm="irreps", circuit=circuit)).html)
    assert "generalises by a circuit on irreps sgn, std of S3: supported." in text


def test_captions_speak_of_circles_only_where_the_group_is_cyclic(page):
    assert "A round polygon: the embedding holds that frequency" in _text(page)
    final = snapshot(3, (1,), names=["e", "(1 2)", "(1 3)"])
    found = table(components=("sgn", "std", "V"), keys=("sgn", "std"), neurons=9)
    circuit = SimpleNamespace(
        components=("sgn", "std"), group=SimpleNamespace(name="S3"), is_everything=False
    )
    shown = report(explanation(found, final, algorithm="irreps", circuit=circuit)).html
    text = _text(re.sub(r'<section id="words">.*?</section>', "", shown, flags=re.S))
    assert "a dot for each element of the group" in text
    for word in ("round", "polygon", "wave", "circle", "frequenc"):
        assert word not in text.lower(), word
    drawn = json.dumps([[chart["data"], chart["layout"]] for chart in _charts(shown)])
    assert "frequenc" not in drawn


def test_in_a_notebook_the_page_is_in_a_frame():
    bundle = report(explanation(table(neurons=8)))._repr_mimebundle_()
    assert "frame.srcdoc" in bundle["text/html"]
    assert f'<img src="data:image/png;base64,{bundle["image/png"]}"' in bundle["text/html"]
    assert bundle["text/plain"].startswith("mod113 (a+b mod 113) generalises")
