"""The command line of a grown tool: every example in its help runs; recipes from flags; templates; completion."""

import json
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import typer

import groklens as gl
import groklens.examples  # its files, which the fixture below has look elsewhere
from groklens.cli import app

PARSER = typer.main.get_command(app)
#: The lines to type that each command's help shows.
EXAMPLES = {
    name: re.findall(r"Example: `(.*?)`", each.epilog or "") for name, each in PARSER.commands.items()
}


@pytest.fixture(scope="module")
def why(_trained_once):
    """The explanation of the tiny run, made once."""
    return gl.explain(_trained_once)


@pytest.fixture
def desk(tmp_path, monkeypatch, tiny_recipe, tiny_run, why):
    """A folder with the files that the examples name, where every example run is a tiny one that is explained."""
    monkeypatch.setattr(gl, "explain", lambda run: why)
    monkeypatch.setattr(gl.Explanation, "to_html", lambda self, path: Path(path).write_text("page"))
    shipped = dict.fromkeys(("mod113", "mod23"), tiny_run.path)
    for module in ("load", "places"):
        monkeypatch.setattr(sys.modules[f"groklens.examples.{module}"], "shipped", lambda: shipped)
        monkeypatch.setattr(sys.modules[f"groklens.examples.{module}"], "cloned", dict)
    short = tiny_recipe.to_dict() | {"steps": 4}
    (tmp_path / "recipe.json").write_text(json.dumps(short))
    (tmp_path / "recipe.toml").write_text(toml(short))
    (tmp_path / "sweep.toml").write_text(f"over.seed = [0, 1]\n{toml(short, 'recipe.')}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def toml(values, under=""):
    """Nested values as lines of dotted keys."""
    lines = ""
    for name, value in values.items():
        if isinstance(value, dict):
            lines += toml(value, f"{under}{name}.")
        elif value is not None:
            lines += f"{under}{name} = {json.dumps(value)}\n"
    return lines


def test_every_command_has_an_example_of_its_own():
    assert all(
        lines and all(each.startswith(f"groklens {name}") for each in lines)
        for name, lines in EXAMPLES.items()
    )


def test_every_example_runs(desk, shell):
    for line in (each for lines in EXAMPLES.values() for each in lines):
        status, _, err = shell(*shlex.split(line)[1:])
        assert status == 0, f"{line}\n{err}"
    assert Path("report.html").read_text() == "page"
    assert len(pd.read_parquet("table.parquet")) == len(pd.read_csv("table.csv"))
    assert list(pd.read_csv("events.csv")["seed"]) == [0, 1]


class TestRecipes:
    def asked(self, shell, *words):
        status, out, err = shell("train", *words, "runs/x", "--dry-run")
        return gl.Recipe.from_dict(json.loads(out)) if status == 0 else err

    def test_fields_are_set(self, desk, shell, tiny_recipe):
        given = gl.Recipe.from_dict(json.loads(Path("recipe.json").read_text()))
        assert self.asked(shell, "recipe.json") == self.asked(shell, "recipe.toml") == given
        changed = self.asked(shell, "recipe.json", "--set", "optimizer.weight_decay=0.3", "--set", "seed=4")
        assert (changed.optimizer.weight_decay, changed.seed) == (0.3, 4)
        assert self.asked(shell, "mod23") == tiny_recipe

    def test_parts_are_replaced_by_name(self, desk, shell):
        recipe = self.asked(shell, "recipe.json", "--set", "optimizer=SGD", "--set", "optimizer.lr=0.5")
        assert type(recipe.optimizer).__name__ == "SGD"
        assert recipe.optimizer.lr == 0.5
        mine = self.asked(
            shell, "ModularArithmetic", "--set", "task.p=11", "--set", "task.op=sub", "--set", "steps=9"
        )
        assert (mine.task, mine.keep.until) == (gl.ModularArithmetic(11, "sub"), 9)

    @pytest.mark.parametrize(
        ("word", "said"),
        [
            ("seed", "sets nothing"),
            ("sed=1", "seed"),
            ("optimizer.weight_dcay=1", "weight_decay"),
            ("optimizer=SDG", "SGD"),
        ],
    )
    def test_mistakes_are_one_clear_line(self, desk, shell, word, said):
        error = self.asked(shell, "recipe.json", "--set", word)
        assert error.startswith("groklens: ")
        assert error.count("\n") == 1
        assert said in error


class TestQuiet:
    @pytest.mark.parametrize("place", [0, 2])
    def test_leaves_notes_out_and_errors_in(self, desk, shell, place):
        words = ["explain", "mod23", "--json", "x.json"]
        words.insert(place, "--quiet")
        status, out, err = shell(*words)
        assert (status, err) == (0, "")
        assert "mod 7" in out
        assert shell("info", "nowhere", "-q")[2].startswith("groklens: ")

    def test_notes_are_back_afterwards(self, desk, shell):
        shell("explain", "mod23", "-q")
        assert "JSON in x.json" in shell("explain", "mod23", "--json", "x.json")[2]


class TestTables:
    def test_parquet_has_what_csv_has(self, desk, shell):
        for name in ("x.csv", "x.parquet"):
            assert (
                shell("track", "mod23", "--measure", "logit_similarity", "--measure", "loss", "--out", name)[
                    0
                ]
                == 0
            )
        parquet, csv = pd.read_parquet("x.parquet"), pd.read_csv("x.csv")
        assert list(parquet.columns) == list(csv.columns)
        assert parquet["value"].to_numpy() == pytest.approx(csv["value"].to_numpy(), abs=0)

    def test_parquet_says_what_to_install(self, desk, shell, monkeypatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        assert "pip install pyarrow" in shell("track", "mod23", "--out", "x.parquet")[2]


class TestNew:
    @pytest.mark.parametrize("kind", ["task", "measure", "study"])
    def test_its_tests_pass_as_written(self, desk, shell, kind, monkeypatch, tmp_path):
        status, out, _ = shell("new", kind, "of_mine")
        assert status == 0
        assert out.splitlines()[:2] == ["of_mine.py", "test_of_mine.py"]
        monkeypatch.syspath_prepend(str(desk))
        monkeypatch.delitem(sys.modules, "of_mine", raising=False)
        tests = {n: f for n, f in runpy.run_path("test_of_mine.py").items() if n.startswith("test_")}
        assert len(tests) >= 2
        for test in tests.values():
            test(*([tmp_path] if test.__code__.co_argcount else []))
        monkeypatch.delitem(sys.modules, "of_mine")

    def test_is_tried_by_the_line_that_it_gives(self, desk, shell):
        for kind in ("task", "measure"):
            line = shell("new", kind, f"my_{kind}")[1].splitlines()[-1].removeprefix("Next: groklens ")
            words = [*shlex.split(line), *(["--dry-run"] if kind == "task" else [])]
            status, out, err = shell(*words)
            assert status == 0, err
            assert f"my_{kind}" in out

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("taks", "x"), "task"),
            (("task", "My-Task"), "small letters"),
            (("task", "class"), "small letters"),
        ],
    )
    def test_mistakes(self, desk, shell, words, said):
        status, _, err = shell("new", *words)
        assert status == 2
        assert said in err

    def test_overwrites_nothing(self, desk, shell):
        Path("test_mine.py").write_text("mine")
        assert "not overwritten" in shell("new", "task", "mine")[2]
        assert Path("test_mine.py").read_text() == "mine"
        assert not Path("mine.py").exists()


class TestCompletion:
    def test_bash_completes_commands_options_and_runs(self, desk, shell):
        script = shell("completion", "bash")[1]

        def completed(*words):
            asked = f"{script}\nCOMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _groklens\n"
            done = subprocess.run(
                ["bash", "-c", f'{asked}echo "${{COMPREPLY[@]}}"'], capture_output=True, text=True, check=True
            )
            assert not done.stderr
            return done.stdout.split()

        assert completed("groklens", "exp") == ["explain"]
        assert completed("groklens", "explain", "--h") == ["--html", "--help"]
        assert completed("groklens", "explain", "mod2") == ["mod23"]
        assert completed("groklens", "new", "m") == ["measure"]

    @pytest.mark.parametrize("name", ["zsh", "fish"])
    def test_other_shells_are_told_all_commands_and_options(self, shell, name):
        script = shell("completion", name)[1]
        for command, each in PARSER.commands.items():
            assert command in script
            options = [o for p in each.params if p.param_type_name == "option" for o in p.opts]
            assert all(option.lstrip("-") in script for option in options)
        assert script.count("'") % 2 == 0

    def test_there_are_three(self, shell):
        assert "bash, zsh, fish" in shell("completion", "ksh93u")[2]
