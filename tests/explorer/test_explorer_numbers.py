"""What the explorer shows of a step is what the tables say, and looking changes nothing."""

import base64
import json

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.explorer.as_script import as_script
from groklens.explorer.looked_at import LookedAt
from groklens.explorer.opened import Opened
from groklens.explorer.pages import Pages
from groklens.views.renderers.libraries import plotly_for

#: A model whose answer is known, a step before it was planted, and what it was planted in.
COMPONENTS = [2]


def read(pages, name):
    """What a data file hands to the page."""
    text = pages.file(f"{name}.js").data.decode("ascii")
    before, after = f'explorer.receive("{name}", ', ");\n"
    assert text.startswith(before)
    assert text.endswith(after)
    return json.loads(text[len(before) : -len(after)])


def unpacked(values):
    """An array as plotly packs it, or as a list."""
    if isinstance(values, dict):
        flat = np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
        return flat.reshape([int(n) for n in values["shape"].split(",")]) if "shape" in values else flat
    return np.asarray(values)


@pytest.fixture(scope="module")
def planted_run():
    task = gl.ModularArithmetic(13, "add")
    random = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32).build(task, seed=1)
    planted = gl.planted(task, COMPONENTS)
    return gl.Run.of({0: random, 100: planted}, task, train_index=range(0, 169, 2), name="planted")


@pytest.fixture(scope="module")
def pages(planted_run):
    return Pages(Opened.of(planted_run))


@pytest.fixture(scope="module")
def tiny_pages(_trained_once):
    return Pages(Opened.of(str(_trained_once)))


def drawn(pages, step, kind):
    pictures = read(pages, f"data/run/0/step/{step}")["pictures"]
    return next(each["figure"]["data"] for each in pictures if each["kind"] == kind)


def test_numbers_of_a_step_are_those_of_the_table(tiny_pages, tiny_run):
    for step in tiny_run.steps:
        numbers = read(tiny_pages, f"data/run/0/step/{step}")["numbers"]
        table = gl.track(tiny_run, ["PROGRESS"], steps=[step])
        expected = {
            found.attrs["long_name"]: float(found[0])
            for found in table.data_vars.values()
            if found.dims == ("step",)
        }
        assert len(expected) > 8
        assert {each["name"]: each["value"] for each in numbers} == expected


def test_pictures_of_a_step_are_drawn_of_the_table(pages, planted_run):
    for step in planted_run.steps:
        table = gl.track(
            planted_run, ["embedding_spectrum", "logit_similarity", "neuron_explained"], steps=[step]
        )
        for kind, name in (("spectrum", "embedding_spectrum"), ("similarity", "logit_similarity")):
            if name in table and any(
                each["kind"] == kind for each in read(pages, f"data/run/0/step/{step}")["pictures"]
            ):
                bars = unpacked(drawn(pages, step, kind)[0]["y"])
                assert np.array_equal(bars, table[name].values[0].astype(np.float32))
        correct = planted_run.at(step).logits[torch.arange(169), planted_run.task.labels]
        map_of_logits = unpacked(drawn(pages, step, "logits")[0]["z"])
        assert np.array_equal(map_of_logits.reshape(-1), correct.numpy())


def test_neurons_stand_in_one_order_at_every_step(tiny_pages, tiny_run):
    orders, shares = [], []
    for step in tiny_run.steps:
        bars = drawn(tiny_pages, step, "clusters")[0]
        orders.append([neuron for neuron, _ in bars["customdata"]])
        shares.append(unpacked(bars["y"]))
    assert all(order == orders[-1] for order in orders)
    table = gl.track(tiny_run, "neuron_explained")
    for at, share in enumerate(shares):
        assert np.array_equal(share, table.neuron_explained.values[at][orders[at]].astype(np.float32))


def test_every_picture_is_still(tiny_pages, tiny_run):
    for step in tiny_run.steps:
        pictures = read(tiny_pages, f"data/run/0/step/{step}")["pictures"]
        assert {"spectrum", "embedding", "clusters", "neurons", "attention", "logits"} <= {
            each["kind"] for each in pictures
        }
        for each in pictures:
            assert set(each["figure"]) == {"data", "layout"}
            assert not each["figure"]["layout"].get("sliders")
            assert not each["figure"]["layout"].get("updatemenus")
            assert plotly_for(each["figure"]) == "plotly"  # the part that the page has draws nothing else


def test_earlier_steps_hold_the_last_ones_scale(pages):
    first, last = (drawn(pages, step, "logits")[0] for step in (0, 100))
    assert first["zmax"] >= last["zmax"] > float(unpacked(first["z"]).max())


def test_neurons_are_drawn_in_hundredths_of_their_last_range(tiny_pages, tiny_run):
    chosen = [int(trace["name"]) for trace in drawn(tiny_pages, 0, "neurons")]
    assert chosen == [int(trace["name"]) for trace in drawn(tiny_pages, tiny_run.steps[-1], "neurons")]
    last = tiny_run.final.neurons[:, chosen].numpy()
    low, high = last.min(axis=0), last.max(axis=0)
    first = tiny_run.at(0).neurons[:, chosen].numpy()
    expected = np.round(100 * ((first - low) / np.maximum(high - low, 1e-12)).clip(0, 1))
    found = np.stack([unpacked(trace["z"]).reshape(-1) for trace in drawn(tiny_pages, 0, "neurons")], axis=1)
    assert np.array_equal(found, expected)


def test_parts_of_pictures_can_be_asked_for(tiny_pages, tiny_run):
    """Whatever a click on a picture may mean has a file."""
    parts = read(tiny_pages, "data/run/0")["parts"]
    known = {kind: {part["id"] for part in own} for kind, own in parts.items()}
    assert [len(known[kind]) for kind in ("frequency", "head", "neuron")] == [3, 2, 32]
    step = tiny_run.steps[1]
    for each in read(tiny_pages, f"data/run/0/step/{step}")["pictures"]:
        for trace in each["figure"]["data"] if each["parts"] else ():
            kind, by = each["parts"]["kind"], each["parts"]["by"]
            if by == "x" and "customdata" not in trace:  # of a legend
                assert trace["type"] == "scatter"
                continue
            ids = [trace["name"]] if by == "name" else trace["customdata"]
            ids = [one[0] if isinstance(one, list) else one for one in ids]
            assert {str(one) for one in ids} <= known[kind], each["kind"]


def test_ablating_a_frequency_is_what_the_library_removes(pages, planted_run):
    found = read(pages, f"data/run/0/step/100/part/frequency-{COMPONENTS[0]}")
    rows = {each["name"]: each for each in found["ablation"]}
    without = gl.interventions.remove(planted_run.final, gl.Circuit("C13", COMPONENTS[:1]), at="logits")
    row = rows["test loss, taken out of the logits"]
    assert row["before"] == gl.measures.test_loss(planted_run.final)
    assert row["after"] == pytest.approx(gl.measures.test_loss(without), rel=1e-6)
    assert row["control_low"] <= row["control"] <= row["control_high"]
    accuracy = rows["test accuracy, taken out of the logits"]
    assert accuracy["after"] < accuracy["control_low"]  # it is needed, and others of its size are not
    other = read(pages, "data/run/0/step/100/part/frequency-3")["ablation"]
    assert other[0]["after"] == pytest.approx(row["before"], abs=1e-6)  # what is not there takes nothing away


def test_ablating_a_neuron_or_a_head_is_what_the_library_removes(tiny_pages, tiny_run):
    step = tiny_run.steps[-1]
    for name, hypothesis, at in (
        ("neuron-7", gl.hypotheses.Neurons([7]), "neurons"),
        ("head-0.1", gl.hypotheses.Heads(["0.1"]), "heads"),
    ):
        found = read(tiny_pages, f"data/run/0/step/{step}/part/{name}")
        without = gl.interventions.remove(tiny_run.final, hypothesis, at=at)
        loss, accuracy = found["ablation"]
        assert loss["name"] == "test loss, held at its mean"
        assert loss["before"] == gl.measures.test_loss(tiny_run.final)
        assert loss["after"] == pytest.approx(gl.measures.test_loss(without), rel=1e-5)
        assert accuracy["after"] == gl.measures.test_accuracy(without)
        assert loss["control_name"].startswith("as many random")
        assert found["figure"]["data"]


def test_evidence_of_a_part_is_of_the_table(tiny_pages, tiny_run):
    step = tiny_run.steps[-1]
    table = gl.track(tiny_run, ["embedding_spectrum", "neuron_explained"], steps=[step])
    evidence = read(tiny_pages, f"data/run/0/step/{step}/part/frequency-2")["evidence"]
    named = {each["name"]: each for each in evidence}
    assert named["embedding power"]["value"] == float(table.embedding_spectrum.sel(component=2)[0])
    of_neuron = read(tiny_pages, f"data/run/0/step/{step}/part/neuron-3")["evidence"]
    shares = [each["value"] for each in of_neuron if each["units"] == "share of variance"]
    assert shares == [float(table.neuron_explained[0, 3])]


def test_phases_are_those_of_the_explanation(explained):
    from groklens.explorer.run_data import phases_of

    why = explained("mod23")
    assert phases_of(LookedAt(why.source)) == why.phases


def test_why_says_what_the_explanation_says(tiny_pages, tiny_run):
    why, found = gl.explain(tiny_run), read(tiny_pages, "data/run/0/why")
    assert (found["headline"], found["verdict"]) == (why.headline, why.verdict)
    assert [each["key"] for each in found["findings"]] == [each.key for each in why.findings]
    assert [each["value"] for each in found["findings"]] == [each.value for each in why.findings]


def test_looking_leaves_the_random_state_alone_and_gives_the_same_again(tiny_run):
    names = ["data/run/0/step/0", *(f"data/run/0/step/0/part/{name}" for name in ("frequency-1", "head-0.0"))]
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002 (it is this state that is to stay)
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = ([read(Pages(Opened.of(tiny_run)), name) for name in names] for _ in range(2))
    assert first == second
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def test_a_run_without_a_group_or_a_split_is_shown_as_far_as_it_goes():
    task = gl.RandomTable(5, seed=0)
    model = gl.MLP(d_mlp=8, d_embed=4).build(task, seed=0)
    pages = Pages(Opened.of(gl.Run.of({0: model, 10: model}, task)))
    run = read(pages, "data/run/0")
    assert run["parts"]["frequency"] == []
    assert len(run["parts"]["neuron"]) == 8
    assert run["phases"] == []
    assert set(run["kinds"]) == {"neurons", "logits"}
    shown = read(pages, "data/run/0/step/10")["pictures"]
    assert "component" not in next(each["caption"] for each in shown if each["kind"] == "neurons")
    rows = read(pages, "data/run/0/step/10/part/neuron-0")["ablation"]
    assert [each["name"].split(",")[0] for each in rows] == ["loss", "accuracy"]


def test_maps_of_neurons_are_told_of_components_only_where_there_are_some():
    """Irreps are irreps be it that no circuit was found; of a task without a group nothing is said of components."""
    for task, said in (
        (gl.RandomTable(5, seed=0), ""),
        (gl.GroupComposition("S3"), "one irrep"),
        (gl.ModularArithmetic(5), "one frequency"),
    ):
        pages = Pages(Opened.of(gl.Run.of({0: gl.MLP(d_mlp=8, d_embed=4).build(task, seed=0)}, task)))
        pictures = read(pages, "data/run/0/step/0")["pictures"]
        caption = next(each["caption"] for each in pictures if each["kind"] == "neurons")
        assert said in caption
        assert ("component" in caption) == bool(said)
        assert "memorises" not in caption  # of a map without structure that is not known


def test_heads_of_every_layer_have_their_evidence():
    task = gl.ModularArithmetic(5)
    model = gl.Transformer(n_layers=2, d_model=8, n_heads=2, d_head=4, d_mlp=8).build(task, seed=0)
    run = gl.Run.of({0: model}, task)
    pages = Pages(Opened.of(run))
    assert [each["id"] for each in read(pages, "data/run/0")["parts"]["head"]] == ["0.0", "0.1", "1.0", "1.1"]
    table = gl.track(run, ["previous_token"], steps=[0])["previous_token"]
    for place, name in enumerate(("0.0", "0.1", "1.0", "1.1")):
        evidence = read(pages, f"data/run/0/step/0/part/head-{name}")["evidence"]
        named = {each["name"]: each["value"] for each in evidence}
        assert named["attention to the previous token"] == float(table[0, place])
        assert any("component" in each for each in named) == name.startswith("0.")


def test_of_one_step_there_is_no_curve():
    task = gl.ModularArithmetic(5)
    model = gl.MLP(d_mlp=8, d_embed=4).build(task, seed=0)
    one, two = (
        read(Pages(Opened.of(gl.Run.of(dict.fromkeys(steps, model), task))), "data/run/0")
        for steps in ([3], [3, 4])
    )
    assert one["curves"] is None
    assert two["curves"]["data"]


def test_parts_of_a_group_without_names_are_irreps_and_no_waves_are_promised():
    bits = gl.FiniteGroup("nim8", torch.arange(8)[:, None] ^ torch.arange(8))
    task = gl.GroupComposition(bits)
    model = gl.MLP(d_mlp=8, d_embed=4).build(task, seed=0)
    pages = Pages(Opened.of(gl.Run.of({0: model, 10: model}, task)))
    assert read(pages, "data/run/0")["parts"]["frequency"][0]["name"] == "irrep_1"
    pictures = read(pages, "data/run/0/step/10")["pictures"]
    caption = next(each["caption"] for each in pictures if each["kind"] == "neurons")
    assert "computes with one irrep" in caption
    assert "Waves" not in caption


def test_scripts_hold_any_text():
    odd = "</script>\u2028\u2029\udcff\n<!--"
    written = as_script("data/x", {"name": odd})
    assert written.isascii()
    assert b"<" not in written
    assert written.count(b"\n") == 1
    assert json.loads(written.decode().split(", ", 1)[1][:-3]) == {"name": odd}
    with pytest.raises(ValueError, match="JSON"):
        as_script("data/x", {"value": float("nan")})
