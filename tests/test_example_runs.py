"""The runs that come with groklens: installed, of a clone, or fetched from a release; and those by their numbers."""

import hashlib
import json
import shutil
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import xarray as xr

import groklens as gl
from groklens.errors import DamagedRun, GroklensError, UnknownName
from groklens.examples import places
from groklens.report.latent import latent_table

PACKAGE = Path(places.__file__).parent
#: Bytes that the runs may add to the wheel.
ROOM = 8_000_000


@pytest.fixture
def copy(tiny_run, tmp_path):
    """A run of this test's own, with its numbers, and the weights of its first and last step alone."""
    folder = tmp_path / "copy"
    shutil.copytree(tiny_run.path, folder)
    gl.track(gl.load(folder), "PROGRESS", into=folder / "measured")
    for step in tiny_run.steps[1:-1]:
        (folder / "steps" / f"{step:08d}.safetensors").unlink()
    return folder


class TestNumbersAlone:
    def test_an_explanation_is_that_of_the_whole_run(self, copy, tiny_run):
        run = gl.load(copy)
        assert run.steps == [tiny_run.steps[0], tiny_run.steps[-1]]
        assert run.measured == tiny_run.steps[1:-1]
        assert f"numbers alone of {len(run.measured)} more" in repr(run)
        ours, whole = gl.explain(run), gl.explain(tiny_run)
        assert ours.headline.removeprefix(run.name) == whole.headline.removeprefix(tiny_run.name)
        assert ours.phases == whole.phases
        assert ours.to_dict()["findings"] == whole.to_dict()["findings"]
        assert f"numbers of {len(run.measured)} more" in ours.about["Steps"]
        assert json.loads(ours.table.attrs["brought"]) == run.measured
        xr.testing.assert_equal(ours.table, whole.table)

    def test_other_measures_and_some_steps_have_what_weights_are_here(self, copy):
        run = gl.load(copy)
        assert gl.track(run, ["test_loss"])["step"].values.tolist() == sorted([*run.steps, *run.measured])
        assert gl.track(run, ["test_loss"], steps=run.steps[:1])["step"].values.tolist() == run.steps[:1]
        assert gl.track(run, ["test_loss", gl.measures.Moved(since=0)])["step"].values.tolist() == run.steps

    def test_a_row_of_other_weights_or_damaged_is_left_alone(self, copy):
        run = gl.load(copy)
        row = copy / "measured" / f"step-{run.measured[0]}.json"
        row.write_text(row.read_text().replace("test_loss", "test_lost"))
        assert run.measured[0] not in gl.track(run, ["test_loss"])["step"].values
        other = copy / "measured" / f"step-{run.measured[1]}.json"
        other.rename(row)
        assert run.measured[0] not in gl.track(run, ["test_loss"])["step"].values

    @pytest.mark.parametrize("field", ["task", "recipe", "measures"])
    def test_a_table_of_something_else_is_left_alone(self, copy, field):
        header = copy / "measured" / "table.json"
        header.write_text(json.dumps(json.loads(header.read_text()) | {field: "another"}))
        run = gl.load(copy)
        assert gl.track(run, ["test_loss"])["step"].values.tolist() == run.steps

    def test_a_missing_checkpoint_without_its_numbers_is_missed(self, copy):
        step = gl.load(copy).measured[0]
        (copy / "measured" / f"step-{step}.json").unlink()
        with pytest.raises(DamagedRun):
            gl.load(copy).at(step)


class TestShipped:
    def test_are_there_and_small(self):
        assert set(places.shipped()) == {"mod113", "mod23"}
        files = [each for each in (PACKAGE / "runs").rglob("*") if each.is_file()]
        assert sum(each.stat().st_size for each in files) < ROOM

    def test_mod113_has_all_steps_and_five_weights(self):
        run = gl.examples.load("mod113")
        whole = gl.load(places.cloned()["mod113"])
        assert run.recipe == whole.recipe
        assert len(run.steps) == 5
        assert sorted([*run.steps, *run.measured]) == whole.steps
        table = gl.track(run, ["test_loss", "sum_squared_weights"])
        assert table["step"].values.tolist() == whole.steps

    def test_its_page_rebuilds_networks_at_the_steps_whose_weights_it_has(self):
        run = gl.examples.load("mod113")
        table = gl.track(run, ["test_accuracy"])
        circuit = gl.Circuit("C113", [7, 20, 21, 42])
        shown = SimpleNamespace(circuit=circuit, final=run.final, source=run, table=table)
        found = latent_table(shown)
        assert found["step"].values.tolist() == run.steps
        assert float(found["rebuilt_accuracy"][-1]) > 0.9

    def test_its_numbers_are_those_that_explain_asks_for_today(self):
        """`python examples/ship.py` takes them anew where a measure changed."""
        header = json.loads((PACKAGE / "runs" / "mod113" / "measured" / "table.json").read_text())
        assert header["measures"] == {each.__name__: each.about.source for each in gl.measures.PROGRESS}

    def test_mod23_is_whole_and_groks(self):
        run = gl.examples.load("mod23")
        assert not run.measured
        assert run.finished
        known, test = run.history["train_accuracy"], run.history["test_accuracy"]
        learnt = [int(each["step"].where(each >= 0.99, drop=True)[0]) for each in (known, test)]
        assert learnt[0] < learnt[1]


class TestByName:
    def test_names_and_mistakes(self):
        assert gl.examples.names()[:2] == ["mod113", "mod23"]
        assert {"a5", "language"} <= set(gl.examples.names())
        with pytest.raises(UnknownName, match="mod113"):
            gl.examples.load("mod114")

    def test_a_clone_has_the_whole(self):
        assert len(gl.examples.load("mod113", whole=True).steps) == 22
        assert gl.examples.path("a5") == places.cloned()["a5"]


class TestFetched:
    @pytest.fixture
    def release(self, tiny_run, tmp_path, monkeypatch):
        """A release in a folder, of one small run, for a machine that has neither clone nor download."""
        archive = tmp_path / "release" / "small-0.zip"
        archive.parent.mkdir()
        with zipfile.ZipFile(archive, "w") as file:
            for each in sorted(tiny_run.path.rglob("*")):
                file.write(each, f"small/{each.relative_to(tiny_run.path)}")
        said = {"bytes": archive.stat().st_size, "sha256": hashlib.sha256(archive.read_bytes()).hexdigest()}
        for module in ("fetch", "load"):
            monkeypatch.setattr(
                sys.modules[f"groklens.examples.{module}"], "archives", lambda: {"small": said}
            )
        monkeypatch.setattr(sys.modules["groklens.examples.load"], "cloned", dict)
        monkeypatch.setenv("GROKLENS_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("GROKLENS_EXAMPLES", archive.as_uri().replace("small-0", "{name}-0"))
        return archive

    def test_is_checked_kept_and_not_fetched_again(self, release, tiny_run, tmp_path):
        assert gl.examples.load("small").steps == tiny_run.steps
        release.unlink()
        assert gl.examples.load("small").steps == tiny_run.steps
        assert [each.name for each in (tmp_path / "cache").iterdir()] == ["small"]

    @pytest.mark.parametrize("data", [b"", b"another", None])
    def test_another_archive_is_refused(self, release, data):
        release.write_bytes(release.read_bytes() + b"!" if data is None else data)
        with pytest.raises(DamagedRun, match="not the archive"):
            gl.examples.load("small")

    @pytest.mark.parametrize("place", ["http://127.0.0.1:9/{name}.zip", "file:///none/{name}", "nonsense"])
    def test_without_a_network_it_says_what_to_do(self, release, monkeypatch, place):
        monkeypatch.setenv("GROKLENS_EXAMPLES", place)
        with pytest.raises(GroklensError, match=r"cannot be reached .*Clone the repository"):
            gl.examples.load("small")

    def test_without_an_address_it_says_so(self, release, monkeypatch):
        monkeypatch.delenv("GROKLENS_EXAMPLES")
        with pytest.raises(GroklensError, match="names no release"):
            gl.examples.load("small")
