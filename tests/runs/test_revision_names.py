"""Revisions by their names: in the order of training, or refused where a name would misplace them."""

from types import SimpleNamespace

import pytest

import groklens as gl
from groklens.errors import BadArgument
from groklens.runs.readers.revision_names import Revision, placed, told_by


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("step1000", Revision(1000)),
        ("checkpoint-1000", Revision(1000)),
        ("global_step1000", Revision(1000)),
        ("1000", Revision(1000)),
        ("step-50K-tokens-1.5B", Revision(50_000, 1_500_000_000)),
        ("step1000-tokens4B", Revision(1000, 4_000_000_000)),
        ("stage1-step1000-tokens5B", Revision(1000, 5_000_000_000)),
        ("tokens_2T", Revision(None, 2_000_000_000_000)),
        ("step-125000", Revision(125_000)),
        ("stage1-step-40000", Revision(40_000)),
        ("stage-01_iter_0001000", Revision(1000)),
    ],
)
def test_names_tell_steps_and_tokens(name, expected):
    assert told_by(name) == expected


NAMES = """main v2 v2-5 step1000-step5 step1e3 tokens4B-tokens5B seed1 step 1000B ckpt_100 step١٠"""
LATER = """stage2-ingredient3-step12000-tokens51B stage2-step1000 stage3-step1000-tokens3B step100-soup
lc-4k-to-32k-step-20000 stage02-step12000 stageB-step100 stage11-step100 phase2-step1000 part2-step10 epoch2-step100
seed3-step1000 it-sft-step100 dpo-checkpoint-500 rl-step100 step100-annealed anneal-tokens4B stage1-100"""


@pytest.mark.parametrize("name", NAMES.split())
def test_names_that_do_not_are_refused(name):
    with pytest.raises(BadArgument, match="does not tell its step as 'step1000'"):
        told_by(name)


@pytest.mark.parametrize("name", LATER.split())
def test_later_stages_and_branches_are_refused_with_what_to_type(name):
    with pytest.raises(BadArgument, match=rf"over all of training, .*revisions=\{{'{name}': \(None, 4_060"):
        placed(["stage1-step1000-tokens5B", name])


def test_the_order_is_that_of_tokens():
    names = ["stage1-step10000-tokens42B", "stage1-step1000-tokens5B", "stage1-step0-tokens0B"]
    found = placed(names)
    assert list(found) == names[::-1]
    assert [each.place for each in found.values()] == [0, 1000, 10_000]
    assert [each.place for each in placed(["tokens4B", "tokens900M"]).values()] == [
        900_000_000,
        4_000_000_000,
    ]


@pytest.mark.parametrize(
    ("revisions", "says"),
    [
        (["step1000-tokens4B", "tokens8B"], "tells its tokens alone"),
        (["step1000-tokens9B", "step2000-tokens4B"], "not of one count"),
        (["step5", "checkpoint-5"], "the same step"),
        ({"main": 7, "last": (None, 9)}, r"'last': \(None, 9\)"),
        ({"main": "last"}, "step of revision 'main'"),
        ({"main": (1, 2, 3)}, "its updates and its tokens"),
        ({"main": (None, None)}, "its tokens alone"),
        ({"main": -1}, "step of revision 'main'"),
        (7, "give a list"),
    ],
)
def test_what_would_be_misplaced_is_refused(revisions, says):
    with pytest.raises(BadArgument, match=says):
        placed(revisions)


def test_a_mapping_says_what_names_do_not():
    found = placed(
        {
            "stage2-ingredient3-step12000-tokens51B": (None, 4_060_000_000_000),
            "stage1-step1000-tokens5B": (None, 5),
        }
    )
    assert list(found.values()) == [Revision(None, 5), Revision(None, 4_060_000_000_000)]


def test_pythia_and_stanford_crfm_are_known_without_a_hub():
    pythia = gl.revisions("EleutherAI/pythia-70m")
    assert len(pythia) == 154
    assert pythia["step1000"] == (1000, 2_097_152_000)
    assert list(pythia)[:3] == ["step0", "step1", "step2"]
    assert "arXiv:2304.01373" in pythia.source
    assert next(iter(gl.revisions("EleutherAI/pythia-70m-v0"))) == "step1000"
    mistral = gl.revisions("stanford-crfm/alias-gpt2-small-x21")
    assert mistral["checkpoint-100"] == (100, 52_428_800)
    assert list(placed(mistral)) == list(mistral)
    assert list(placed(list(pythia)[::50])) == list(pythia)[::50]


@pytest.mark.parametrize("name", ["stanford-crfm/BioMedLM", "EleutherAI/pythia-intervention-70m-deduped"])
def test_others_of_the_same_owners_are_asked_for(name, monkeypatch):
    refs = SimpleNamespace(
        branches=[SimpleNamespace(name=each) for each in ("main", "step20", "step5")], tags=[]
    )
    monkeypatch.setattr("huggingface_hub.HfApi.list_repo_refs", lambda api, of: refs)
    assert list(gl.revisions(name)) == ["step5", "step20"]
