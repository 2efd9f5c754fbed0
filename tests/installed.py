"""What an installed groklens has to do for somebody who has nothing else, in a clean environment (tests/wheel.py)."""

import contextlib
import io
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import groklens as gl

assert "site-packages" in gl.__file__, gl.__file__
GROKLENS = Path(sys.executable).parent / "groklens"


def shell(*words: str) -> str:
    """What the installed command prints; a traceback, or a failure, ends this."""
    done = subprocess.run([str(GROKLENS), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def library() -> None:
    """The shipped runs, one trained here, and pictures of both."""
    assert gl.examples.names()[:2] == ["mod113", "mod23"]
    run = gl.examples.load("mod23")
    why = gl.explain(run)
    assert why.verdict == "supported", why.headline
    assert why.circuit is not None
    why.to_html("mod23.html")
    gl.views.curves(why).save("curves.svg")
    gl.frame(why.table)
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(7), model=gl.MLP(d_mlp=16), train_fraction=0.6, steps=20, keep=gl.Every(10)
    )
    mine = gl.train(recipe, into="mine")
    assert gl.load("mine", verify=True).steps == mine.steps
    assert gl.capture(mine, "blocks.0.mlp.hook_post", pos=-1).sizes["step"] == 3


def command() -> None:
    """The command line: the demonstration, a table, a template, completion."""
    assert shell("--version").split() == ["groklens", version("groklens")]
    said = shell("demo")
    assert said.startswith("mod113 (a+b mod 113) generalises by a clock-like circuit"), said
    assert json.loads(Path("why.json").read_text())["verdict"] == "supported"
    assert Path("report.html").stat().st_size > 100_000
    assert shell("track", "mod23", "--measure", "test_loss", "--quiet").startswith("step,test_loss")
    assert "a+b mod 23" in shell("info", "mod23")
    assert "ModularArithmetic" in shell("tasks")
    shell("new", "measure", "sharpness")
    shell("track", "mod23", "--measure", "sharpness", "--parts", "sharpness.py")
    assert "explain" in shell("completion", "bash")


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        library()
    command()
    sys.stdout.write(f"groklens {version('groklens')} works on Python {sys.version.split()[0]}\n")
