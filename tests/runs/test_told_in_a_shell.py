"""Weights that others trained, of which a shell says the task and the configuration: read as literals, never run."""

import pytest
from foreign_formats import ADD, write_hooked_transformer

import groklens as gl
from groklens.cli.told import told_config, told_task
from groklens.errors import BadArgument

TASK = f"gl.ModularArithmetic({ADD.p}, 'add')"
CONFIG = "act_fn='relu', normalization_type=None, attention_dir='causal'"


def test_a_shell_gives_what_python_gives(tmp_path, shell):
    path = write_hooked_transformer(tmp_path)
    run = gl.load(path, task=ADD, config=told_config(CONFIG))
    status, out, err = shell("track", path, "--task", TASK, "--config", CONFIG, "--measure", "loss")
    assert (status, err) == (0, "")
    step, loss = out.splitlines()[1].split(",")
    assert (int(step), float(loss)) == (0, gl.measures.loss(run.final))
    status, out, _ = shell("explain", path, "--task", TASK, "--config", f"dict({CONFIG})")
    assert status == 0
    assert out.startswith(f"{run.name} ({ADD.name}) ")


def test_what_is_lacking_is_asked_for_in_words_of_a_shell(tmp_path, shell):
    path = write_hooked_transformer(tmp_path)
    status, out, err = shell("explain", path)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "task= is --task" in err
    status, out, err = shell("explain", path, "--task", TASK)
    assert (status, out) == (2, "")
    assert "config= is --config" in err
    assert "task= is --task" not in err


def test_another_task_than_a_run_has_is_refused(tiny_run, shell):
    status, _, err = shell("track", tiny_run.path, "--task", "RandomTable(5)", "--measure", "loss")
    assert status == 2
    assert "leave task= out" in err


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("ModularArithmetic(23)", gl.ModularArithmetic(23)),
        (" gl.ModularArithmetic(p=23, op='sub') ", gl.ModularArithmetic(23, "sub")),
        ("gl.tasks.SparseParity(6, 2, seed=1)", gl.tasks.SparseParity(6, 2, seed=1)),
        ("Corrupted(ModularArithmetic(7), 0.1, 0)", gl.Corrupted(gl.ModularArithmetic(7), 0.1, 0)),
        ("gl.TableTask([[0, 1], [1, 0]], [0, 1])", gl.TableTask([[0, 1], [1, 0]], [0, 1])),
    ],
)
def test_a_task_is_written_as_in_python(text, task):
    assert told_task(text).spec() == task.spec()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ModularAritmetic(23)", "no task ModularAritmetic here; did you mean 'ModularArithmetic'"),
        ("ModularArithmetic(23, 'ad')", "did you mean 'add'"),
        ("ModularArithmetic(23, opp='add')", "unexpected keyword argument 'opp'"),
        ("ModularArithmetic(", "is not written as Python has it; give one such as"),
        ("ModularArithmetic(0)", "p is 0"),
        ("ModularArithmetic(**{'p': 5})", r"argument '\*\*'"),
        ("(lambda: 3)()", "no task"),
        ("[ModularArithmetic(p) for p in (5, 7)]", "is not written as Python has it"),
        ("", "is not written as Python has it"),
        ("(" * 5_000, "is not written as Python has it"),
        ("\0", "is not written as Python has it"),
    ],
    ids=range(11),
)
def test_what_is_no_task_is_said_and_not_run(text, said):
    with pytest.raises(BadArgument, match=said):
        told_task(text)


def test_nothing_that_is_written_is_run(tmp_path):
    runs = f"open({str(tmp_path / 'ran')!r}, 'w')"
    for text in (runs, f"ModularArithmetic({runs})", f"ModularArithmetic(p={runs})", f"gl.{runs}"):
        with pytest.raises(BadArgument, match="no task"):
            told_task(text)
    for text in (
        f"act_fn={runs}",
        f"dict(act_fn={runs})",
        f"{{'act_fn': {runs}}}",
        f"n_heads=1) or {runs} or dict(",
    ):
        with pytest.raises(BadArgument, match="names no values"):
            told_config(text)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text", [CONFIG, f"dict({CONFIG})", "{'act_fn': 'relu', 'normalization_type': None}"]
)
def test_a_configuration_is_written_as_in_python(text):
    assert told_config(text)["act_fn"] == "relu"
    assert told_config(text)["normalization_type"] is None


@pytest.mark.parametrize("text", ["act_fn", "3", "'relu'", "", "act_fn=", "[1]"])
def test_what_names_no_values_is_no_configuration(text):
    with pytest.raises(BadArgument, match=r"--config .*names no values; give them as Python does"):
        told_config(text)
