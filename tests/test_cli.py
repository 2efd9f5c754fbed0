"""The shell commands, run in this process: what they print, and how they refuse."""

import csv
import io
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import groklens as gl

COMMANDS = ("train", "sweep", "explain", "track", "info", "tasks")


@pytest.fixture(scope="session")
def recipe():
    return gl.Recipe(
        task=gl.ModularArithmetic(5, "add"),
        model=gl.MLP(d_mlp=8, d_embed=4),
        train_fraction=0.6,
        steps=4,
        evaluate_every=2,
        keep=gl.Every(2),
    )


@pytest.fixture(scope="session")
def folder(recipe, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "small"
    gl.train(recipe, into=path, progress=False)
    return path


def refused(answer, words):
    status, out, err = answer
    assert status == 2
    assert out == ""
    assert err.startswith("groklens: ")
    assert err.count("\n") == 1, err
    assert words in err
    return True


class TestHelp:
    def test_lists_the_commands(self, shell):
        status, out, _ = shell("--help")
        assert status == 0
        assert all(command in out for command in COMMANDS)

    @pytest.mark.parametrize("command", COMMANDS)
    def test_shows_an_example_of_each(self, shell, command):
        status, out, _ = shell(command, "--help")
        assert status == 0
        assert f"Example: groklens {command}" in out

    def test_is_what_no_arguments_give(self, shell):
        status, out, err = shell()
        assert status == 2
        assert "explain" in out + err


class TestTasks:
    def test_lists_what_can_be_written_in_python(self, shell):
        status, out, err = shell("tasks")
        assert (status, err) == (0, "")
        for name in ("ModularArithmetic", "GroupComposition", "RandomTable", "TableTask", "a^2+ab+b^2"):
            assert name in out


class TestSweep:
    def file(self, tmp_path, recipe, over):
        path = tmp_path / "sweep.json"
        path.write_text(json.dumps({"recipe": recipe.to_dict(), "over": over}))
        return path

    def test_says_when_each_run_generalised(self, shell, recipe, tmp_path):
        file = self.file(tmp_path, recipe, {"seed": [0, 1], "optimizer.lr": [0.1, 0.01]})
        status, out, err = shell("sweep", file, tmp_path / "runs")
        assert (status, err) == (0, "")
        said, table = out.split("\n", 1)
        assert said == "SweepRuns(runs: 2 seed × 2 lr, 4 of 4 runs)"
        rows = list(csv.DictReader(io.StringIO(table)))
        assert [(row["seed"], row["lr"]) for row in rows] == [(s, lr) for s in "01" for lr in ("0.1", "0.01")]

    def test_takes_toml_and_the_recipe_of_a_run(self, shell, folder, tmp_path):
        file = tmp_path / "sweep.toml"
        file.write_text(f'run = "{folder}"\n[over]\nseed = [3, 4, 5]\n')
        status, out, _ = shell("sweep", file, tmp_path / "runs", "--csv", tmp_path / "events.csv")
        assert (status, out) == (0, "SweepRuns(runs: 3 seed, 3 of 3 runs)\n")
        assert (tmp_path / "events.csv").read_text().startswith("seed,memorised,generalised")

    @pytest.mark.parametrize(
        ("text", "words"), [('{"over": {}}', "describes no sweep"), ("[", "Cannot read")]
    )
    def test_refuses_what_is_no_sweep(self, shell, tmp_path, text, words):
        file = tmp_path / "sweep.json"
        file.write_text(text)
        assert refused(shell("sweep", file, tmp_path / "runs"), words)
        assert refused(shell("sweep", tmp_path / "none.toml", tmp_path / "runs"), "Cannot read")


class TestInfo:
    def test_says_what_a_run_is(self, shell, folder, recipe):
        status, out, _ = shell("info", folder)
        assert status == 0
        assert "a+b mod 5" in out
        assert "kept steps: 0, 2, 4" in out
        assert recipe.id in out

    def test_gives_json(self, shell, folder, recipe):
        values = json.loads(shell("info", folder, "--json")[1])
        assert values["steps"] == [0, 2, 4]
        assert values["finished"] is True
        assert values["id"] == recipe.id
        assert gl.Recipe.from_dict(values["recipe"]) == recipe

    def test_verifies_checksums(self, shell, folder, tmp_path):
        assert shell("info", folder, "--verify")[0] == 0
        copy = copied(folder, tmp_path)
        (checkpoint,) = copy.glob("steps/*2.safetensors")
        checkpoint.write_bytes(checkpoint.read_bytes()[:-1] + b"\0")
        assert shell("info", copy)[0] == 0  # opening a run reads its header only
        assert refused(shell("info", copy, "--verify"), "steps 2 are missing or damaged")


class TestTrack:
    def test_prints_csv_of_the_measures_named(self, shell, folder):
        status, out, _ = shell("track", folder, "--measure", "test_loss", "--measure", "sum_squared_weights")
        rows = list(csv.DictReader(io.StringIO(out)))
        assert status == 0
        assert [row["step"] for row in rows] == ["0", "2", "4"]
        assert set(rows[0]) == {"step", "test_loss", "sum_squared_weights"}
        recorded = gl.load(folder).history["test_loss"].sel(step=4)
        assert float(rows[2]["test_loss"]) == pytest.approx(float(recorded), rel=1e-5)

    def test_writes_a_file_instead(self, shell, folder, tmp_path):
        status, out, _ = shell("track", folder, "--measure", "loss", "--csv", tmp_path / "loss.csv")
        assert (status, out) == (0, "")
        assert (tmp_path / "loss.csv").read_text().startswith("step,loss\n0,")

    @pytest.mark.parametrize("name", ["loss.xlsx", "loss.json", "loss.2026"])
    def test_refuses_a_file_of_another_kind_before_anything_is_computed(self, shell, folder, tmp_path, name):
        answer = shell("track", folder, "--measure", "loss", "--out", tmp_path / name)
        assert refused(answer, f"tables are written as .csv or .parquet; give {tmp_path / 'loss.csv'}")
        assert not any(tmp_path.iterdir())

    @pytest.mark.parametrize("name", ["loss", "loss.CSV"])
    def test_writes_csv_where_nothing_else_is_said(self, shell, folder, tmp_path, name):
        status, _, _ = shell("track", folder, "--measure", "loss", "--out", tmp_path / name)
        assert status == 0
        assert (tmp_path / name).read_text().startswith("step,loss\n0,")

    def test_labelled_measures_are_listed_a_value_a_line(self, shell, folder):
        names = ("logit_similarity", "loss", "neuron_explained")
        status, out, err = shell("track", folder, *(word for name in names for word in ("--measure", name)))
        rows = list(csv.DictReader(io.StringIO(out)))
        assert (status, err) == (0, "")
        assert list(rows[0]) == ["step", "measure", "component", "neuron", "value"]
        table = gl.track(folder, list(names))
        assert len(rows) == sum(table[name].size for name in names)
        (found,) = [
            row
            for row in rows
            if (row["step"], row["measure"], row["component"]) == ("2", "logit_similarity", "1")
        ]
        assert float(found["value"]) == float(table["logit_similarity"].sel(step=2, component=1))
        assert {(row["component"], row["neuron"]) for row in rows if row["measure"] == "loss"} == {("", "")}

    def test_every_measure_has_a_name_in_the_shell(self, shell, folder):
        known = gl.measures.names_of_measures().items()
        names = [name for name, found in known if len(found) == 1 and found[0].__name__ == name]
        assert len(names) > 50
        status, out, err = shell("track", folder, *(word for name in names for word in ("--measure", name)))
        taken = {row["measure"] for row in csv.DictReader(io.StringIO(out))}
        left_out = {line.split()[3] for line in err.splitlines() if line.startswith("groklens: left out: ")}
        assert status == 0
        assert taken | left_out == set(names)
        assert not taken & left_out

    def test_takes_every_measure_without_names(self, shell, folder):
        _, out, _ = shell("track", folder)
        assert {"loss", "test_accuracy", "gini_embedding", "ipr"} <= set(out.splitlines()[0].split(","))


class TestExplain:
    def test_prints_json_that_parses(self, shell, folder):
        status, out, _ = shell("explain", folder, "--json", "-")
        values = json.loads(out)
        assert status == 0
        assert values["run"] == "small"
        assert values["generalised"] is False
        assert values["verdict"] == "refuted"

    def test_prints_text_and_writes_files(self, shell, folder, tmp_path):
        json_path, html = tmp_path / "why.json", tmp_path / "report.html"
        status, out, err = shell("explain", folder, "--json", json_path, "--html", html)
        assert status == 0
        assert out.startswith("small (a+b mod 5)")
        assert str(json_path) in err
        assert json.loads(json_path.read_text(encoding="utf-8"))["task"] == "a+b mod 5"
        assert html.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")


class TestTrain:
    def test_trains_a_recipe_and_gives_a_finished_run_as_it_is(self, shell, recipe, folder, tmp_path):
        (tmp_path / "recipe.json").write_text(json.dumps(recipe.to_dict()))
        status, out, _ = shell("train", tmp_path / "recipe.json", tmp_path / "run")
        assert status == 0
        assert "3 steps to 4" in out
        assert gl.load(tmp_path / "run").recipe == recipe
        assert shell("train", folder / "run.json", tmp_path / "run")[0] == 0

    def test_refuses_a_folder_with_another_recipe(self, shell, recipe, folder, tmp_path):
        other = {**recipe.to_dict(), "seed": 1}
        (tmp_path / "recipe.json").write_text(json.dumps(other))
        assert refused(shell("train", tmp_path / "recipe.json", folder), "another recipe")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("{", "Cannot read"),
            ("[1]", "no JSON object"),
            ('{"recipe": null}', "holds no recipe"),
            ("{}", "no recipe of this version"),
        ],
    )
    def test_refuses_what_is_no_recipe(self, shell, tmp_path, text, words):
        (tmp_path / "recipe.json").write_text(text)
        assert refused(shell("train", tmp_path / "recipe.json", tmp_path / "run"), words)
        assert not (tmp_path / "run").exists()


class TestMistakes:
    def test_a_missing_folder(self, shell, tmp_path):
        for command in ("explain", "track", "info"):
            assert refused(shell(command, tmp_path / "nowhere"), "nowhere does not exist")

    def test_a_name_like_that_of_a_folder_and_of_an_example(self, shell, tmp_path, monkeypatch):
        (tmp_path / "par").mkdir()
        monkeypatch.chdir(tmp_path)
        assert refused(shell("explain", "parr"), "did you mean 'par' or 'parity'?")

    def test_weights_of_a_model_that_a_shell_cannot_give(self, shell, tmp_path):
        torch.save({"mine.weight": torch.ones(3, 2)}, tmp_path / "mine.pt")
        said = shell("explain", tmp_path / "mine.pt", "--task", "ModularArithmetic(13, 'add')")
        assert refused(said, "A shell cannot give the model")
        assert "task=task" in said[2]
        assert "113" not in said[2]

    def test_a_damaged_header(self, shell, folder, tmp_path):
        copy = copied(folder, tmp_path)
        (copy / "run.json").write_text((copy / "run.json").read_text()[:-20])
        assert refused(shell("info", copy), "run.json is damaged")

    def test_a_missing_checkpoint(self, shell, folder, tmp_path):
        copy = copied(folder, tmp_path)
        for checkpoint in copy.glob("steps/*4.safetensors"):
            checkpoint.unlink()
        assert refused(shell("explain", copy), "is missing")

    def test_an_unknown_measure(self, shell, folder):
        answer = shell("track", folder, "--measure", "charm")
        assert refused(answer, "There is no measure 'charm'")
        assert "restricted_loss" in answer[2]

    @pytest.mark.parametrize("command", [("explain",), ("track",), ("info",), ("show",), ("train",)])
    def test_a_name_that_is_nearly_an_example_runs(self, shell, command, tmp_path):
        more = (tmp_path / "new",) if command == ("train",) else ()
        assert refused(shell(*command, "mod32", *more), "did you mean 'mod23'")

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("explain", "nowhere"), "groklens examples lists"),
            (("track", "{run}", "--measure", "tset_loss"), "did you mean 'test_loss'"),
            (("forecast", "{run}", "--step", "3"), "nearest are 2, 4. groklens info PATH lists all."),
            (("forecast", "{run}", "--step", "-3"), "the last is 4."),
            (("track", "{empty}"), "loss_log."),
        ],
    )
    def test_none_speaks_python(self, shell, folder, tmp_path, arguments, said):
        answer = shell(*(each.format(run=folder, empty=tmp_path) for each in arguments))
        assert refused(answer, said)
        assert not re.search(r"gl\.|run\.(steps|nearest|final)|dir\(|format=|revisions=", answer[2])

    def test_a_target_that_cannot_be_written(self, shell, folder, tmp_path):
        missing = tmp_path / "missing" / "why.json"
        assert refused(shell("explain", folder, "--json", missing), "There is no folder")
        assert refused(shell("explain", folder, "--html", tmp_path), "is a folder")
        assert refused(shell("track", folder, "--csv", missing), "There is no folder")

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("explain",), "Missing argument"),
            (("explain", "--bogus"), "No such option"),
            (("unexplain",), "No such command"),
            (("explian",), "Did you mean 'explain'? See"),
        ],
    )
    def test_a_wrong_call_points_to_the_help(self, shell, arguments, words):
        answer = shell(*arguments)
        assert refused(answer, words)
        assert "--help" in answer[2]


@pytest.mark.slow
def test_the_installed_command_refuses_without_a_traceback(tmp_path):
    command = Path(sys.executable).with_name("groklens")
    done = subprocess.run(
        [command, "info", tmp_path / "nowhere"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("groklens: ")
    assert done.stderr.count("\n") == 1


def copied(folder, tmp_path):
    import shutil

    return Path(shutil.copytree(folder, tmp_path / "copy"))


@pytest.mark.parametrize("asked", [["--help"], ["--version"], ["train", "--help"], ["explian"]])
def test_help_and_mistakes_do_not_wait_for_torch(asked):
    """Importing torch takes a second and more; the names of commands and options need nothing of it."""
    lines = "import sys; from groklens.cli import main\ntry: main()\nfinally: print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", lines, *asked], capture_output=True, text=True)
    assert "groklens" in done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    ("said", "set_to"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, "None")],
)
def test_waiting_threads_give_way_unless_the_environment_says_how_they_wait(said, set_to):
    """It has to be said before torch is imported, by whom the environment is inherited."""
    lines = (
        "import os; from groklens.cli import main\ntry: main()\nfinally: print(os.getenv('GOMP_SPINCOUNT'))"
    )
    own = {
        name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    }
    done = subprocess.run(
        [sys.executable, "-c", lines, "--version"], capture_output=True, text=True, env=own | said
    )
    assert done.stdout.splitlines()[-1] == set_to


def test_python_runs_the_package_as_it_runs_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["groklens", "--version"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("groklens", run_name="__main__")
    assert not stop.value.code
    assert capsys.readouterr().out.startswith("groklens ")
