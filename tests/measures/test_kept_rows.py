"""Tables whose rows are kept in a folder: the same numbers, gone on with, and of one run and list of measures."""

import json

import pytest
import torch
import xarray as xr
from safetensors.torch import save_file

import groklens as gl
from groklens.errors import BadArgument, DamagedRun
from groklens.runs import identity_of

TASK = gl.Probe([[0, 1, 2, 0, 1], [2, 0, 1, 1, 2]], d_vocab=3)


def model(seed):
    return gl.Transformer(n_layers=1, n_heads=2, d_model=8, d_head=4, d_mlp=None).build(TASK, seed=seed)


@pytest.fixture
def run():
    return gl.Run.of({0: model(0), 5: model(1), 10: model(2)}, TASK, name="mine")


@gl.measure(long_name="by name", units="1", valid_range=(-1e9, 1e9), source="here")
def by_name(snapshot):
    values = snapshot.logits[:, 0].numpy()  # float32, and labels of text
    return xr.DataArray(values, coords={"word": ["one", "two"], "odd": ("word", [True, False])}, dims="word")


@gl.measure(long_name="mean", units="logit", valid_range=(-1e9, 1e9), source="here")
def mean(snapshot):
    return float(snapshot.logits.mean())


def test_it_is_the_table_that_is_taken_without(run, tmp_path):
    wanted = ["previous_token", by_name, mean, "circularity"]
    plain = gl.track(run, wanted)
    kept = gl.track(run, wanted, into=tmp_path / "table")
    assert kept.attrs.pop("failed") == "{}"
    xr.testing.assert_identical(kept, plain)
    assert kept["by_name"].dtype == plain["by_name"].dtype
    assert "circularity" in json.loads(kept.attrs["left_out"])


def test_what_is_there_is_not_taken_again(run, tmp_path, monkeypatch):
    gl.track(run, mean, steps=[0, 10], into=tmp_path / "table")
    asked = []
    monkeypatch.setattr(
        gl.Run, "at", lambda self, step, at=gl.Run.at: (asked.append(step), at(self, step))[1]
    )
    table = gl.track(run, mean, into=tmp_path / "table")
    assert asked == [5]
    assert table["step"].values.tolist() == [0, 5, 10]
    gl.track(run, mean, into=tmp_path / "table")
    assert asked == [5]
    row = tmp_path / "table" / "step-10.json"
    row.write_text(row.read_text().replace("sha256", "sha255"))
    assert gl.track(run, mean, into=tmp_path / "table")["mean"].equals(table["mean"])
    assert asked == [5, 10]


def test_a_row_that_fails_is_said_and_tried_again(tmp_path):
    broken = model(1)
    with torch.no_grad():
        good = [parameter.clone() for parameter in broken.parameters()]
        next(broken.parameters()).fill_(float("nan"))
    run = gl.Run.of({0: model(0), 5: model(2)}, TASK, name="mine")
    run._source._models[5] = broken
    with pytest.warns(UserWarning, match="1 of 2 rows are missing, first that of step 5"):
        table = gl.track(run, mean, into=tmp_path / "table")
    assert table["step"].values.tolist() == [0]
    assert "not finite" in json.loads(table.attrs["failed"])["5"]
    with torch.no_grad():
        for parameter, value in zip(broken.parameters(), good, strict=True):
            parameter.copy_(value)
    assert gl.track(run, mean, into=tmp_path / "table")["step"].values.tolist() == [0, 5]


def test_nothing_at_all_is_an_error(tmp_path):
    broken = model(1)
    run = gl.Run.of({0: broken}, TASK, name="mine")
    with torch.no_grad():
        next(broken.parameters()).fill_(float("nan"))
    with pytest.raises(BadArgument, match="not finite"):
        gl.track(run, mean, into=tmp_path / "table")


def test_a_folder_is_of_one_table(run, tmp_path):
    gl.track(run, mean, into=tmp_path / "table")
    with pytest.raises(BadArgument, match="table of another measures"):
        gl.track(run, [mean, by_name], into=tmp_path / "table")
    other = gl.Run.of({0: model(0)}, TASK, name="other")
    with pytest.raises(BadArgument, match="table of another run"):
        gl.track(other, mean, into=tmp_path / "table")
    with pytest.raises(BadArgument, match="holds no table"):
        gl.track(run, mean, into=tmp_path)
    (tmp_path / "table" / "table.json").write_text("{")
    with pytest.raises(DamagedRun, match=r"table\.json is damaged"):
        gl.track(run, mean, into=tmp_path / "table")


def test_rows_of_another_models_weights_are_refused(tmp_path):
    task = gl.ModularArithmetic(5)
    models = [gl.MLP(d_mlp=8, d_embed=4).build(task, seed) for seed in (0, 1)]
    one, other = (gl.Run.of({0: each}, task, name="model") for each in models)
    table = gl.track(one, "loss", into=tmp_path / "table")
    assert gl.track(gl.Run.of({0: models[0]}, task, name="model"), "loss", into=tmp_path / "table").equals(
        table
    )
    with pytest.raises(BadArgument, match="other weights"):
        gl.track(other, "loss", into=tmp_path / "table")


def test_of_files_their_path_and_time_of_writing_tell(tmp_path):
    task, tables = gl.ModularArithmetic(5), []
    for name in ("a", "b"):
        path = tmp_path / name / "model.safetensors"
        path.parent.mkdir()
        model = gl.Transformer(d_model=8, n_heads=2, d_head=4, d_mlp=16).build(task, ord(name))
        save_file({key: each.clone() for key, each in model.state_dict().items()}, path)
        tables.append(identity_of(gl.load(path, task=task, model=model), 0))
    assert tables[0] != tables[1]
