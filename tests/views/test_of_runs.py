"""Views of runs: what they draw is what was captured, and what they have not they say in a sentence."""

import json
import re

import numpy as np
import pytest

import groklens as gl
from groklens import views
from groklens.claims import number
from groklens.errors import BadArgument, GroklensError, UnknownName
from groklens.views.attention import _is_causal, _legend
from groklens.views.circuit import _worth
from synthetic import table

POST = "blocks.0.mlp.hook_post"


@pytest.fixture(scope="module")
def clock():
    task = gl.ModularArithmetic(13, "add")
    return gl.Snapshot(gl.planted(task, [2, 5]), task)


@pytest.mark.parametrize("view", [gl.views.embedding, gl.views.spectrum, gl.views.clusters, gl.views.circuit])
def test_without_a_group_it_is_said_what_can_be_drawn(view):
    task = gl.RandomTable(5, seed=0)
    model = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32).build(task, seed=0)
    run = gl.Run.of({0: model}, task, train_index=range(15))
    with pytest.raises(BadArgument, match="of a group, and random table 5 has none; what is drawn") as said:
        view(run)
    drawn = re.findall(r"gl\.views\.(\w+)\(run\)", str(said.value))
    assert drawn == ["curves", "neurons", "logits"]
    assert all(getattr(gl.views, name)(run).html for name in drawn)


def test_neurons_are_the_captured_activations_in_hundredths(tiny_run):
    figure = views.neurons(tiny_run, [3, 17])
    post = gl.capture(tiny_run, POST, pos=-1)[POST].values
    low, high = post[-1, :, 17].min(), post[-1, :, 17].max()
    for frame, values in zip(figure.frames, post, strict=True):
        shown = np.asarray(frame.data[1].z)
        assert shown.dtype == np.uint8
        expected = 100 * ((values[:, 17] - low) / (high - low)).clip(0, 1)
        np.testing.assert_allclose(shown.reshape(-1), expected, atol=0.51)
    assert (figure.layout.yaxis.title.text, figure.layout.xaxis.title.text) == ("a", "b")


def test_a_neuron_view_over_24_steps_is_small(monkeypatch):
    """113 × 113 at 24 steps: the cells that are drawn, packed as they are sent, are under 3 MB."""
    task = gl.ModularArithmetic(113, "add")
    model = gl.MLP(d_mlp=16, d_embed=None, combine="concat", bias=False).build(task, seed=0)

    class Run:
        steps = tuple(range(24))

        def __init__(self):
            self.task = task

        def at(self, step):
            return gl.Snapshot(model, task, step=step)

    shown = views.neurons(Run(), steps=range(24))._repr_mimebundle_()["text/html"]
    without_script = shown.split("plotly.js v")[0] if "plotly.js v" not in shown else shown[-3_000_001:]
    assert len(shown) - (4_900_000 if "plotly.js v" in shown else 0) < 3_000_000
    assert "newPlot" in without_script


def test_the_best_explained_neurons_of_each_component_come_first(clock):
    titles = [note.text for note in views.neurons(clock).layout.annotations]
    words = [title.split("by<br>")[1] for title in titles]
    assert set(words) == {"frequency 2", "frequency 5"}
    assert words == sorted(words)


def test_embedding_circles_are_the_measured_planes(clock):
    figure = views.embedding(clock, [5])
    plane = gl.measures.embedding_plane(clock).sel(component=5).values
    line = figure.data[0]
    elements = np.array([int(name) for name in line.customdata])
    np.testing.assert_allclose(np.c_[line.x, line.y], plane[elements].astype(np.float32), atol=1e-6)
    turns = 5 * elements % 13
    assert (np.diff(turns[:-1]) > 0).all()
    assert figure.text == "Embeddings in the planes of frequency 5, at 1 step."


def test_circles_of_multiplication_are_joined_as_powers_follow_each_other():
    """Residues stand in an order of their own; neighbours on the circle are a generator apart."""
    task = gl.ModularArithmetic(13, "mul")
    line = views.embedding(gl.Snapshot(gl.planted(task, [5]), task), [5]).data[0]
    angle = np.unwrap(np.arctan2(line.y, line.x))
    np.testing.assert_allclose(np.abs(np.diff(angle)), 2 * np.pi / 12, atol=1e-4)
    assert set(line.customdata) == set(task.token_names[:12])


def test_elements_of_permutation_groups_are_dots_with_their_names():
    task = gl.GroupComposition("S3")
    model = gl.MLP(d_mlp=8, d_embed=8).build(task, seed=0)
    figure = views.embedding(gl.Snapshot(model, task), ["standard"])
    dots = figure.data[0]
    assert dots.mode == "markers"
    assert list(dots.customdata) == task.token_names[:6]
    assert "irrep standard" in figure.text
    assert figure.layout.xaxis.title.text == "first axis"


def test_the_diagram_has_the_effects_that_were_measured(clock):
    circuit = gl.Circuit("C13", [2, 5])
    figure = views.circuit(clock, circuit)
    found = gl.interventions.edges_in(gl.interventions.edges(clock, circuit))
    said = " ".join(text for trace in figure.data for text in (trace.hovertext or ()))
    for edge in found:
        seen = edge.effect > 0.02 * max(other.effect for other in found)
        assert (f"+{number(edge.effect)} nats when" in said) == seen
    widths = [trace.line.width for trace in figure.data if trace.mode == "lines"]
    effects = sorted(edge.effect for edge in found)
    legend = [trace for trace in figure.data if trace.mode == "lines+text"]
    for sample in legend:
        effect = float(sample.text[1].split()[0])
        assert sample.line.width == pytest.approx(0.6 + 14 * (effect / effects[-1]) ** 0.5, abs=0.1)
    assert widths == sorted(widths)
    assert widths[0] / widths[-1] == pytest.approx((effects[0] / effects[-1]) ** 0.5, rel=0.2)


def test_an_effect_too_small_to_be_told_from_none_says_so():
    node = gl.interventions.Node("logits", "logits")
    texts = [_worth(gl.interventions.Edge(node, node, effect)) for effect in (6.175e-10, -6e-8, 0.25, -0.25)]
    assert [text.split("loss ")[1].split(" when")[0] for text in texts] == [
        "under 0.001 nats",
        "under 0.001 nats",
        "+0.25 nats",
        "−0.25 nats",
    ]


def test_logits_by_sum_and_difference_put_every_input_once(clock):
    plain = np.asarray(views.logits(clock).data[0].z)
    turned = np.asarray(views.logits(clock, by="sum and difference").data[0].z)
    for a, b in ((0, 0), (3, 5), (12, 7)):
        assert turned[(a - b) % 13, (a + b) % 13] == plain[a, b]
    assert sorted(turned.reshape(-1)) == sorted(plain.reshape(-1))
    np.testing.assert_allclose(turned.std(axis=0), 0, atol=0.2 * turned.std() + 1e-3)


def test_columns_of_a_comparison_share_their_scales(tiny_run):
    names = ["train_accuracy", "test_accuracy", "logit_similarity"]
    figure = views.compare({"one": tiny_run, "two": tiny_run}, names)
    # An axis that matches itself would have no scale at all.
    assert [figure.layout[f"yaxis{i}"].matches for i in ("", 2, 3, 4)] == [None, "y", None, "y3"]
    assert [note.text for note in figure.layout.annotations][:2] == ["one", "two"]
    np.testing.assert_array_equal(figure.data[0].y, figure.data[2].y)


def test_a_run_is_drawn_from_its_history(tiny_run):
    found = {trace.name: trace for trace in views.curves(tiny_run).data}
    kept = tiny_run.history.dropna("step")
    np.testing.assert_allclose(
        next(line.y for name, line in found.items() if "test loss" in name), kept["test_loss"].values
    )


def test_attention_shows_the_captured_pattern(tiny_run):
    hook = "blocks.0.attn.hook_pattern"
    page = views.attention(tiny_run, [(3, 5)])
    pattern = gl.capture(tiny_run, hook)[hook].values
    row = 3 * 7 + 5
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page.body, re.S).group(1))
    np.testing.assert_allclose(np.array(data["attention"])[:, 0], pattern[:, row], atol=6e-5)
    np.testing.assert_allclose(np.array(data["attention"])[:, 1], pattern.mean(axis=1), atol=6e-5)
    assert ">3 5 =</option>" in page.body
    assert "mean over all 49 inputs" in page.body


def test_the_inputs_shown_first_are_those_whose_heads_differ_most(tiny_run):
    """One from each quarter of the task's inputs, the one that tells heads apart best in front."""
    hook = "blocks.0.attn.hook_pattern"
    pattern = gl.capture(tiny_run, hook, steps=tiny_run.steps[-1:])[hook].values[0]
    differ = pattern[:, :, -1].var(axis=1).sum(axis=-1)
    best = [quarter[np.argmax(differ[quarter])] for quarter in np.array_split(np.arange(49), 4)]
    best = sorted(best, key=lambda row: -differ[row])
    names = re.findall(r"<option value=.*?>(.*?)</option>", views.attention(tiny_run).body)
    assert names[:-1] == [" ".join(f"{row // 7} {row % 7} =".split()) for row in best]
    assert differ[best[0]] == pytest.approx(differ.max())


def test_only_what_a_causal_model_hides_is_called_masked(tiny_run):
    assert "masked" in views.attention(tiny_run).body.split("<script")[0]
    assert "masked" not in _legend(causal=False)
    everywhere = np.full((1, 1, 2, 3, 3), 1 / 3)
    assert not _is_causal(everywhere)
    assert _is_causal(everywhere * np.tri(3))


RUN_VIEWS = (views.attention, views.neurons, views.embedding, views.circuit, views.logits)


@pytest.mark.parametrize("view", RUN_VIEWS, ids=lambda view: view.__name__)
def test_a_run_without_checkpoints_is_said(view, tiny_run):
    class Empty:
        task, steps = tiny_run.task, ()

        def at(self, step):
            raise AssertionError

    with pytest.raises(BadArgument, match="kept no step"):
        view(Empty())


ABSENT = {
    "a table has no activations": (lambda run: views.attention(table()), "holds no activations"),
    "no view of a string": (lambda run: views.curves("run"), "run does not exist"),
    "an unknown step": (lambda run: views.attention(run, steps=[7]), "kept no step 7"),
    "no steps": (lambda run: views.neurons(run, steps=[]), "steps is empty"),
    "an unknown input": (lambda run: views.attention(run, [(9, 9)]), r"no input that begins with \(9, 9\)"),
    "an input beyond": (lambda run: views.attention(run, [99]), "no input 99; it has 0 to 48"),
    "an unknown layer": (lambda run: views.attention(run, layer=4), "no layer 4"),
    "an unknown neuron": (lambda run: views.neurons(run, [99]), "no neuron 99; the last MLP has 0 to 31"),
    "an unknown component": (lambda run: views.embedding(run, [9]), "no component 9; the group has 1, 2, 3"),
    "an unknown measure": (
        lambda run: views.curves(run, ["lossy"]),
        "no measure 'lossy'; did you mean 'loss'",
    ),
    "no circuit": (lambda run: views.circuit(run), "no circuit that survived"),
    "one run alone": (lambda run: views.compare({"one": run}), "two or more runs"),
    "another order": (lambda run: views.logits(run, by="size"), "by is 'size'"),
}


@pytest.mark.parametrize("ask", ABSENT.values(), ids=ABSENT)
def test_what_is_not_there_is_said_in_a_sentence(ask, tiny_run):
    call, said = ask
    with pytest.raises(GroklensError, match=said) as caught:
        call(tiny_run)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_a_model_without_heads_or_neurons_is_said(clock):
    with pytest.raises(BadArgument, match="no attention heads"):
        views.attention(clock)
    spec = gl.Transformer(n_layers=1, d_model=16, n_heads=2, d_head=8, d_mlp=None)
    heads = gl.Snapshot(spec.build(clock.task, seed=0), clock.task)
    for view in (views.neurons, views.circuit):
        with pytest.raises(BadArgument, match="no MLP"):
            view(heads)
    with pytest.raises(UnknownName, match="no neuron"):
        views.neurons(clock, [-1])


VIEWS = {
    "curves": lambda run: views.curves(run),
    "spectrum": lambda run: views.spectrum(run),
    "embedding": lambda run: views.embedding(run),
    "neurons": lambda run: views.neurons(run),
    "clusters": lambda run: views.clusters(run),
    "attention": lambda run: views.attention(run),
    "circuit": lambda run: views.circuit(run, gl.Circuit("C7", [1])),
    "logits": lambda run: views.logits(run),
    "findings": lambda run: views.findings(gl.examine(run.final, gl.Circuit("C7", [1]))),
    "compare": lambda run: views.compare({"one": run, "two": run}),
}


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_brings_html_a_picture_and_a_line(name, tiny_run):
    bundle = VIEWS[name](tiny_run)._repr_mimebundle_()
    assert {"text/html", "image/png", "text/plain"} <= set(bundle)
    assert len(bundle["image/png"]) > 4_000
    assert "\n" not in bundle["text/plain"]
    assert f'src="data:image/png;base64,{bundle["image/png"]}"' in bundle["text/html"] or name == "findings"
    assert 'src="http' not in bundle["text/html"]


def test_a_run_is_searched_once_for_its_circuit_and_a_model_that_may_change_each_time(tiny_run, monkeypatch):
    searched = []
    monkeypatch.setattr("groklens.evidence.find_circuit", searched.append)
    model = tiny_run.final.model
    for run in (gl.load(tiny_run.path), gl.Run.of({0: model}, tiny_run.task)):
        views.spectrum(run)
        views.clusters(run)
        searched.append(run)
    assert [type(each).__name__ for each in searched] == ["Snapshot", "Run", "Snapshot", "Snapshot", "Run"]
