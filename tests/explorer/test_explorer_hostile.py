"""Runs of somebody who means ill: nothing of them runs, nothing hangs, and each says why it cannot be looked at."""

import json
import os
import pickle
import shutil
import sys
from pathlib import Path

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.explorer import export, serve
from groklens.explorer.export import exported_steps, most_steps
from groklens.explorer.opened import Opened
from groklens.explorer.pages import Pages
from groklens.runs.header import _digest as digest_of_header
from groklens.sweeps.plan import _digest
from odd_values import ODD

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)<"


class Odd(gl.ModularArithmetic):
    """A task whose every name is markup."""

    name = MARKUP
    operand_names = ("<b>a", "<i>b")

    @property
    def token_names(self):
        return [f'<a href="javascript:alert({i})">{i}</a>' for i in range(6)]


def index(pages):
    return values_of(pages, "data/index")


def values_of(pages, name):
    text = pages.file(f"{name}.js").data.decode("ascii")
    assert "<" not in text
    assert text.count("\n") == 1
    return json.loads(text.split(", ", 1)[1][:-3])


def notes(pages):
    return {run["name"]: run["note"] for run in index(pages)["runs"]}


def header_with(folder, change, checked=True):
    """A run's folder with its header changed; `checked`: under the checksum of the change, which a liar can reckon."""
    path = folder / "run.json"
    values = json.loads(path.read_text())
    change(values)
    if checked:
        values["sha256"] = digest_of_header(values)
    path.write_text(json.dumps(values))
    return folder


def only_note(path):
    """The note of the one run at a path, wherever it comes: in the index, or when its last step is looked at."""
    pages = Pages(Opened.of([str(path)]))
    (run,) = index(pages)["runs"]
    if run["note"] is not None:
        assert run["steps"] == []
        assert values_of(pages, f"data/run/{run['id']}") == {"note": run["note"]}
        return run["note"]
    return values_of(pages, f"data/run/{run['id']}/step/{run['steps'][-1]}").get("note")


class TestNames:
    def test_markup_in_a_folders_name_is_text(self, run_folder, tmp_path):
        odd = run_folder.rename(tmp_path / f"{MARKUP}\n\x1b[2J‮‮")
        pages = Pages(Opened.of([str(odd)]))
        (run,) = index(pages)["runs"]
        assert run["note"] is None
        assert run["name"].startswith(MARKUP)
        assert run["name"].isprintable()
        assert values_of(pages, "data/run/0")["name"] == run["name"]

    def test_a_long_name_is_shortened(self, run_folder, tmp_path):
        long = run_folder.rename(tmp_path / ("n" * 250))
        (run,) = index(Pages(Opened.of([str(long)])))["runs"]
        assert len(run["name"]) == 120

    def test_markup_in_a_task_is_escaped_in_every_figure(self):
        """Names of elements, positions and operands come from a file; plotly would read them as a kind of HTML."""
        task = Odd(5)
        model = gl.MLP(d_mlp=8, d_embed=4).build(task, seed=0)
        pages = Pages(Opened.of(gl.Run.of({0: model, 5: model}, task, name=MARKUP)))
        for name in ("data/run/0", "data/run/0/step/0", "data/run/0/step/5"):
            values = values_of(pages, name)
            assert "note" not in values
            figures = [values["curves"]] if "curves" in values else [e["figure"] for e in values["pictures"]]
            assert figures
            for figure in figures:
                text = json.dumps(figure)
                assert "<a " not in text
                assert "<i>b" not in text
                assert "<img" not in text
                assert "<script" not in text

    def test_an_axis_of_a_sweep_is_escaped(self, tmp_path):
        from groklens.sweeps import over_seeds
        from groklens.views import phase_diagram

        recipe = gl.Recipe(
            task=gl.ModularArithmetic(5), model=gl.MLP(d_mlp=4, d_embed=2), steps=2, evaluate_every=1
        )
        over = {"seed": [0], "train_fraction": [0.5, 0.6], "batch_size": [None, 4]}
        table = over_seeds(gl.Sweep(recipe, over=over).run(tmp_path / "sweep").events())
        table = table.assign_coords(batch_size=["<b>none", "<a href='x'>4"])
        places = phase_diagram(table).plotly.data[0]
        assert {*places.x, *places.y} >= {"&lt;b&gt;none", "&lt;a href='x'&gt;4"}


class TestHeaders:
    @pytest.mark.parametrize("field", ["recipe", "checkpoints", "schema", "model"])
    @pytest.mark.parametrize(
        "odd", ["none", "10**400", "a long list", "a long text", "nan", "an empty object"]
    )
    @pytest.mark.parametrize("checked", [True, False])
    def test_a_lying_header_is_a_note(self, run_folder, field, odd, checked):
        header_with(run_folder, lambda values: values.__setitem__(field, ODD[odd]), checked)
        note = only_note(run_folder)
        if note is None:  # a run of another's loop has no recipe
            assert (field, odd, checked) == ("recipe", "none", True)
            return
        assert note
        assert len(note) <= 1_000
        assert note.isprintable()

    def test_a_header_of_lists_without_end_is_a_note(self, run_folder):
        (run_folder / "run.json").write_text("[" * 500_000)
        assert only_note(run_folder)

    def test_a_kind_that_is_a_module_is_imported_by_nobody(self, run_folder, tmp_path, monkeypatch):
        (tmp_path / "stolen.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Task: pass\n")
        monkeypatch.syspath_prepend(str(tmp_path))

        def lie(values):
            values["recipe"]["task"] = {"kind": "stolen:Task"}

        header_with(run_folder, lie)
        assert only_note(run_folder)
        assert not (tmp_path / "ran").exists()


class TestFiles:
    def test_a_pickle_is_not_opened(self, tmp_path):
        class Bomb:
            def __reduce__(self):
                return Path.touch, (tmp_path / "ran",)

        for name, write in (
            ("weights.pt", lambda path: torch.save({"model": Bomb()}, path)),
            ("weights.pkl", lambda path: path.write_bytes(pickle.dumps(Bomb()))),
            ("weights.pth", lambda path: path.write_bytes(pickle.dumps(Bomb()))),
        ):
            write(tmp_path / name)
            assert only_note(tmp_path / name)
        assert not (tmp_path / "ran").exists()

    def test_a_huge_file_is_a_note_and_takes_no_memory(self, run_folder, tmp_path):
        for path in (run_folder / "run.json", tmp_path / "weights.safetensors", tmp_path / "weights.pt"):
            with open(path, "r+b" if path.exists() else "wb") as file:
                file.truncate(2**40)  # a hole: it takes no room on the disk
            assert only_note(run_folder if path.name == "run.json" else path)

    @pytest.mark.parametrize("how", ["cut", "a pipe", "a folder"])
    def test_a_damaged_history_is_a_line_and_the_steps_are_shown(self, run_folder, how):
        history = run_folder / "history.csv"
        text = history.read_text()
        history.unlink()
        if how == "cut":
            history.write_text(text[:-20])
        else:
            os.mkfifo(history) if how == "a pipe" else history.mkdir()
        pages = Pages(Opened.of([str(run_folder)]))
        run = values_of(pages, "data/run/0")
        assert "note" not in run
        assert "history.csv" in dict(run["description"])["History"]
        assert run["events"] == {}
        assert [trace["name"] for trace in run["curves"]["data"]][:2] == ["train loss", "test loss"]
        assert values_of(pages, "data/run/0/step/10")["numbers"]

    def test_a_damaged_checkpoint_is_a_note_at_its_step_alone(self, run_folder):
        damaged = sorted((run_folder / "steps").iterdir())[0]
        damaged.write_bytes(damaged.read_bytes()[:-7])
        pages = Pages(Opened.of([str(run_folder)]))
        (run,) = index(pages)["runs"]
        assert run["note"] is None
        said = {step: values_of(pages, f"data/run/0/step/{step}").get("note") for step in run["steps"]}
        assert [step for step, note in said.items() if note] == [run["steps"][0]]
        assert damaged.name in said[run["steps"][0]]

    def test_a_link_out_of_the_folder_shows_nothing_of_what_it_leads_to(self, run_folder, tmp_path):
        secret = tmp_path / "secret"
        secret.write_text("the words of a secret")
        for inside in (
            run_folder / "history.csv",
            sorted((run_folder / "steps").iterdir())[-1],
            run_folder / "run.json",
        ):
            inside.unlink()
            inside.symlink_to(secret)
            pages = Pages(Opened.of([str(run_folder)]))
            (run,) = index(pages)["runs"]
            every = ["data/index", "data/run/0", *(f"data/run/0/step/{step}" for step in run["steps"])]
            assert all("the words of" not in json.dumps(values_of(pages, name)) for name in every)
        assert run["note"]

    def test_a_pipe_and_a_folder_in_a_circle_are_notes(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "round").symlink_to(tmp_path / "round")
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "again").symlink_to(tmp_path / "deep")
        pages = Pages(Opened.of([str(tmp_path / name) for name in ("pipe", "round", "deep", "nowhere")]))
        assert all(notes(pages).values())
        assert len(notes(pages)) == 4

    def test_names_that_no_file_can_have_are_answered(self):
        pages = Pages(Opened.of(["x" * 5_000, "half \udcff", "new\nline"]))
        assert all(notes(pages).values())
        for nothing in ("a\0b", ""):
            with pytest.raises(BadArgument, match="no path"):
                Opened.of([nothing])
        with pytest.raises(BadArgument, match="nothing to explore"):
            Opened.of([])


@pytest.fixture(scope="module")
def _swept_once(tmp_path_factory):
    task, model = gl.ModularArithmetic(5), gl.MLP(d_mlp=4, d_embed=2)
    recipe = gl.Recipe(task=task, model=model, steps=2, evaluate_every=1)
    over = {"seed": [0, 1], "train_fraction": [0.5, 0.6], "batch_size": [2, 4]}
    return gl.Sweep(recipe, over=over).run(tmp_path_factory.mktemp("swept") / "sweep").path


@pytest.fixture
def swept(_swept_once, tmp_path):
    return shutil.copytree(_swept_once, tmp_path / "sweep")


def plan_with(folder, change):
    """A sweep's folder with its plan changed, and the checksum of the change, as whoever lies can reckon one too."""
    path = folder / "sweep.json"
    plan = json.loads(path.read_text())
    del plan["sha256"]
    change(plan)
    plan["sha256"] = _digest(plan)
    path.write_text(json.dumps(plan))
    return folder


class TestSweeps:
    def test_a_lying_plan_is_a_note(self, tmp_path):
        for text in ("{}", "[" * 100_000, '{"schema": 1}', '{"schema": 1, "axes": 7, "stacks": [[1]]}'):
            (tmp_path / "sweep.json").write_text(text)
            (sweep,) = index(Pages(Opened.of([str(tmp_path)])))["sweeps"]
            assert sweep["note"]
            assert sweep["planes"] == []

    @pytest.mark.parametrize("lie", ["a billion places", "one run many times", "another place", "no place"])
    def test_a_plan_with_other_runs_than_places_is_a_note(self, swept, lie):
        def change(plan):
            member = plan["stacks"][0][0]
            if lie == "a billion places":
                for axis in plan["axes"]:
                    axis["values"] = list(range(1_000))
            elif lie == "one run many times":
                plan["stacks"] = [[member] * 8]
            else:
                member["place"] = [-1, 0, 0] if lie == "another place" else []

        found = index(Pages(Opened.of([str(plan_with(swept, change))])))
        assert found["runs"] == []
        assert "one run of its own for each place" in found["sweeps"][0]["note"]

    @pytest.mark.parametrize("name", ["seed", "delay", "step", "run", "", 7, None, ["a"]])
    def test_an_axis_that_is_called_as_none_is_keeps_no_other_run_from_being_shown(
        self, swept, run_folder, name
    ):
        odd = plan_with(swept, lambda plan: plan["axes"][1].__setitem__("name", name))
        pages = Pages(Opened.of([str(run_folder), str(odd)]))
        found = index(pages)
        assert found["runs"][0]["note"] is None
        assert len(found["sweeps"]) == 1

    @pytest.mark.parametrize("values", [[[1], [2]], [None, {}], ["<b>1", "<a href='x'>2</a>"], ["a", "a"]])
    def test_odd_values_of_an_axis_are_text_or_a_note(self, swept, values):
        odd = plan_with(swept, lambda plan: plan["axes"][1].update(name="<i>axis", values=values))
        (sweep,) = index(Pages(Opened.of([str(odd)])))["sweeps"]
        figure = json.dumps([plane["diagram"] for plane in sweep["planes"]])
        assert sweep["note"] or "&lt;i&gt;axis" in figure
        assert not [tag for tag in ("<i>", "<a ", "<b>1") if tag in figure]

    def test_a_plan_that_leads_out_of_its_folder_shows_nothing_from_there(self, run_folder, tmp_path):
        (tmp_path / "sweep").mkdir()
        member = {"id": "0" * 16, "place": [0], "folder": f"../{run_folder.name}"}
        plan = {
            "schema": 1,
            "recipe": {},
            "axes": [{"name": "seed", "values": [0]}],
            "threads": 1,
            "device": "cpu",
        }
        plan["stacks"] = [[member]]
        plan["sha256"] = _digest(plan)
        (tmp_path / "sweep" / "sweep.json").write_text(json.dumps(plan))
        found = index(Pages(Opened.of([str(tmp_path / "sweep")])))
        assert found["runs"] == [] or all(run["note"] for run in found["runs"])


def test_one_bad_run_does_not_keep_others_from_being_exported(run_folder, tmp_path, monkeypatch):
    """Which files there are: what is in that of a part, others test."""
    of_part = lambda looked, step, part: {"step": step}  # noqa: E731
    monkeypatch.setitem(vars(sys.modules["groklens.explorer.pages"]), "part_values", of_part)
    (tmp_path / "empty").mkdir()
    written = export([str(tmp_path / "empty"), str(run_folder)], tmp_path / "out", steps=[10], progress=False)
    names = {str(path.relative_to(written)) for path in written.rglob("*") if path.is_file()}
    assert {"index.html", "plotly.min.js", "fit.js", "data/index.js", "data/run/1/step/0.js"} <= names
    assert {f"data/run/1/step/{step}/part/head-0.0.js" for step in (10, 30)} <= names
    assert "data/run/1/step/0/part/head-0.0.js" not in names
    assert "data/run/1/why.js" not in names
    assert "data/run/0.js" not in names
    assert not list(tmp_path.glob("*.tmp"))
    with pytest.raises(BadArgument, match="is there already"):
        export(str(run_folder), tmp_path / "out")
    with pytest.raises(gl.GroklensError, match="No run has kept step 11"):
        export(str(run_folder), tmp_path / "new", steps=[11])
    assert not (tmp_path / "new").exists()


def test_an_export_that_is_killed_leaves_no_page_to_open(tiny_run, tmp_path, monkeypatch):
    """The page's start is written last, and every file made once, run by run: only a few runs are kept in memory."""
    asked, made = [], Pages.file
    monkeypatch.setattr(Pages, "file", lambda pages, name: asked.append(name) or made(pages, name))
    monkeypatch.setattr(Pages, "_of_run", lambda pages, asked, looked, name: {"asked": name})
    export([tiny_run] * 6, tmp_path / "out", progress=False)
    assert asked[-1] == "index.html"
    assert len(asked) == len(set(asked))
    runs = [name.split("/")[2].removesuffix(".js") for name in asked if name.startswith("data/run/")]
    assert runs == sorted(runs)
    assert set(runs) == set("012345")


def test_of_many_runs_fewer_steps_are_exported():
    task = gl.ModularArithmetic(5)
    model = gl.MLP(d_mlp=4, d_embed=2).build(task, seed=0)
    run = gl.Run.of(dict.fromkeys(range(40), model), task)
    assert len(exported_steps(run, [], most_steps(1))) == len(exported_steps(run, [], most_steps(4))) == 24
    many = exported_steps(run, [7], most_steps(30))
    assert (many[0], many[-1], len(many)) == (0, 39, 6)
    assert 7 in many


@pytest.mark.parametrize("given", [["nowhere"], ["empty"], ["a file"], ["nowhere", "empty"]])
def test_where_nothing_can_be_looked_at_there_is_no_page(tmp_path, given):
    """It is said why, and nothing is written or served."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "a file").touch()
    paths = [str(tmp_path / name) for name in given]
    for show in (lambda: export(paths, tmp_path / "out"), lambda: serve(paths, browser=False)):
        with pytest.raises(BadArgument, match=f"nothing to explore.*{given[0]}"):
            show()
    assert not (tmp_path / "out").exists()


def test_a_run_of_a_module_that_is_not_given_says_so_in_the_list(tmp_path):
    task = gl.ModularArithmetic(5, "add")
    net = torch.nn.Sequential(torch.nn.Embedding(6, 4), torch.nn.Flatten(), torch.nn.Linear(12, 5))
    with gl.Recorder(gl.hooked(net), task, tmp_path / "run", keep=gl.Every(1)) as recorder:
        recorder.step(1)
    (listed,) = index(Pages(Opened.of(str(tmp_path / "run"))))["runs"]
    assert "gl.hooked(Sequential(...))" in listed["note"]
    assert "hand over that run" in listed["note"]
    assert listed["steps"] == []
    with pytest.raises(gl.errors.BadArgument, match="hand over that run"):
        gl.explorer.export(tmp_path / "run", tmp_path / "out")
