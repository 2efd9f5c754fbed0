"""Checkpoints from a hub, one at a time: fetched, dropped if asked, and a table that survives a broken download."""

import gc
import json
import weakref

import pytest
import torch
import xarray as xr
from fake_hub import NAME, FakeHub, served
from huggingface_hub import constants, file_download
from transformers import GPT2Config, GPT2LMHeadModel

import groklens as gl
from groklens.errors import BadArgument, DamagedRun

TOKENS = torch.randint(20, (4, 6), generator=torch.Generator().manual_seed(0))
STEPS = (0, 5, 10, 15, 20)
MEASURES = ["previous_token", gl.measures.InContextScore(), "loss_by_position"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = {}
    for step in STEPS:
        torch.manual_seed(step)
        sizes = GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=20, n_positions=8)
        found[f"step{step}-tokens{step}K"] = tmp_path_factory.mktemp("revision")
        GPT2LMHeadModel(sizes).save_pretrained(found[f"step{step}-tokens{step}K"])
    return found


@pytest.fixture
def hub(folders, tmp_path, monkeypatch):
    """A hub with five revisions, of which nothing is in the cache but the third's configuration."""
    hub = FakeHub({**folders, "main": folders["step20-tokens20K"]})
    with served(hub) as address:
        for name, value in {
            "ENDPOINT": address, "HF_HUB_OFFLINE": False, "HF_HUB_CACHE": str(tmp_path / "cache"),
            "HUGGINGFACE_CO_URL_TEMPLATE": address + "/{repo_id}/resolve/{revision}/{filename}",
        }.items():  # fmt: skip
            monkeypatch.setattr(constants, name, value)
        monkeypatch.setattr(file_download.time, "sleep", lambda seconds: None)
        file_download.hf_hub_download(NAME, "config.json", revision="step10-tokens10K")
        hub.fetched.clear()
        yield hub


def run_of(**more):
    found = gl.revisions(NAME)
    return gl.load(NAME, revisions=found, task=gl.tasks.NextTokens(TOKENS), **more)


def cached(tmp_path):
    return {
        path: path.is_file() and path.read_bytes()
        for path in (tmp_path / "cache" / "models--someone--tiny").rglob("*")
    }


def test_the_hub_is_asked_for_revisions(hub):
    found = gl.revisions(NAME)
    assert list(found) == [f"step{step}-tokens{step}K" for step in STEPS]
    assert found["step5-tokens5K"] == (5, 5_000)
    assert found.left_out == ("main",)


def test_revisions_are_fetched_one_at_a_time_and_dropped(hub, tmp_path, folders):
    before = cached(tmp_path)
    run = run_of(keep_downloads=False)
    assert run.steps == list(STEPS)
    assert cached(tmp_path) == before
    table = gl.track(run, MEASURES)
    assert cached(tmp_path) == before
    assert table["tokens"].values.tolist() == [1_000 * step for step in STEPS]
    assert len([name for _, name in hub.fetched if name == "model.safetensors"]) == len(STEPS)
    local = gl.load(folders["step5-tokens5K"], task=gl.tasks.NextTokens(TOKENS))
    assert table["in_context_score"].sel(step=5) == gl.measures.InContextScore()(local)


def test_downloads_stay_unless_they_are_to_be_dropped(hub, tmp_path):
    run = run_of()
    run.at(5)
    hub.fetched.clear()
    run.at(5)
    assert not [name for _, name in hub.fetched if name == "model.safetensors"]
    dropped = run_of(keep_downloads=False)
    kept = cached(tmp_path)
    assert torch.equal(dropped.at(5).logits, run.at(5).logits)
    assert cached(tmp_path) == kept


def test_a_table_survives_a_broken_download_and_goes_on(hub, tmp_path):
    whole = gl.track(run_of(keep_downloads=False), MEASURES, into=tmp_path / "whole")
    before, hub.breaks = cached(tmp_path), "step10-tokens10K"
    with pytest.warns(UserWarning, match="1 of 5 rows are missing, first that of step 10"):
        table = gl.track(run_of(keep_downloads=False), MEASURES, into=tmp_path / "table")
    assert cached(tmp_path) == before
    assert table["step"].values.tolist() == [0, 5, 15, 20]
    assert list(json.loads(table.attrs["failed"])) == ["10"]
    hub.breaks = None
    hub.fetched.clear()
    again = gl.track(run_of(keep_downloads=False), MEASURES, into=tmp_path / "table")
    assert {revision for revision, name in hub.fetched if name == "model.safetensors"} == {"step10-tokens10K"}
    xr.testing.assert_identical(again, whole)
    assert cached(tmp_path) == before


def test_without_a_folder_a_broken_download_is_an_error_of_one_line(hub):
    hub.breaks = "step10-tokens10K"
    with pytest.raises(DamagedRun, match="someone/tiny cannot be opened"):
        gl.track(run_of(), MEASURES)


def test_one_model_is_in_memory_at_a_time(hub, monkeypatch):
    alive, most, run = weakref.WeakSet(), [], run_of()
    source = run._source
    build = source.model_at

    def counted(step):
        most.append(len(alive))
        model = build(step)
        alive.add(model)
        return model

    monkeypatch.setattr(source, "model_at", counted)
    seldom = gc.get_threshold()
    gc.set_threshold(700, 10, 10)  # Python's own, which these tests raise
    gl.track(run, MEASURES, steps=STEPS[:3])
    gc.set_threshold(*seldom)
    assert most[0] == 0
    assert max(most) <= 1  # that which Python has not collected yet


def test_a_hub_that_is_not_there_is_said(monkeypatch):
    with pytest.raises(BadArgument, match="the hub does not answer"):
        gl.revisions("nobody/nothing")
    with pytest.raises(BadArgument, match="no name of a model on the hub"):
        gl.revisions("here")
    with pytest.raises(BadArgument, match="give revisions= as well"):
        gl.load("anything", keep_downloads=False)
