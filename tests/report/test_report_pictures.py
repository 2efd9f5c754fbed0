"""The pictures of a report are those of the views called one by one, and no model is built for them."""

import json
import re
from pathlib import Path

import pytest

import groklens as gl
from groklens.runs.stored import Stored

RUN = Path(__file__).resolve().parents[2] / "examples" / "runs" / "mod23"


@pytest.fixture(scope="module")
def why():
    return gl.explain(gl.load(RUN))


@pytest.fixture(scope="module")
def drawn(why):
    """What each section draws, by its anchor, made while a bridge cannot be built."""

    def built(self, step, tensors):
        raise AssertionError(f"a bridge is built for step {step}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stored, "_filled", built)
        page = why.to_html()
    sections = re.findall(r'<section id="(\w+)">(.*?)</section>', page, flags=re.S)
    charts = {
        anchor: re.findall(r'<script type="application/json">(.*?)</script>', body, flags=re.S)
        for anchor, body in sections
    }
    return {anchor: json.loads(found[0]) for anchor, found in charts.items() if found}


VIEWS = {
    "learning": lambda why: gl.views.curves(
        why,
        [
            "train_loss",
            "test_loss",
            "restricted_loss",
            "excluded_loss",
            "train_accuracy",
            "test_accuracy",
        ],
    ),
    "embedding": lambda why: gl.views.spectrum(why, "embedding_spectrum"),
    "circles": gl.views.embedding,
    "similarity": lambda why: gl.views.spectrum(why, "logit_similarity"),
    "clusters": gl.views.clusters,
    "neurons": gl.views.neurons,
    "circuit": gl.views.circuit,
    "answers": gl.views.logits,
}


@pytest.mark.parametrize("anchor", VIEWS)
def test_a_picture_is_that_of_its_view(anchor, why, drawn):
    assert drawn[anchor] == json.loads(json.dumps(VIEWS[anchor](why).spec))


def test_attention_is_that_of_its_view(why, drawn):
    body = gl.views.attention(why).body
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', body, flags=re.S)
    assert drawn["attention"] == json.loads(data)


def test_pictures_of_the_same_models_as_bridges_show_the_same(why, drawn):
    run = why.source
    bridges = gl.Run.of(
        {step: build() for step, build in run.models.items()},
        run.task,
        train_index=run.train_index,
        name=run.name,
    )
    again = gl.views.embedding(bridges, why.circuit.components)
    assert drawn["circles"]["frames"] == again.spec["frames"]
    body = gl.views.attention(bridges).body
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', body, flags=re.S)
    assert drawn["attention"] == json.loads(data)
    chosen = [int(title["text"].split(":")[0]) for title in drawn["neurons"]["layout"]["annotations"]]
    assert drawn["neurons"]["frames"] == gl.views.neurons(bridges, chosen).spec["frames"]
