from pathlib import Path

import pytest
import torch

import groklens as gl

RUNS = Path(__file__).parents[2] / "examples" / "runs"


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Small matrices gain nothing from threads, and lose much where another program wants the cores too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def finished_run(name):
    if not (RUNS / name / "run.json").is_file() or not gl.load(RUNS / name).finished:
        pytest.skip(
            f"examples/runs/{name} holds no finished run; make it with python examples/remake.py {name}"
        )
    return gl.load(RUNS / name)


@pytest.fixture(scope="session")
def mod113(explained):
    """The explanation of the shipped run."""
    finished_run("mod113")
    return explained("mod113")


@pytest.fixture(scope="session")
def shipped():
    return finished_run
