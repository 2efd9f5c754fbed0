"""Loggers write what is recorded, under its names, and close what they opened: with libraries that stand in."""

import sys
from types import SimpleNamespace

import pytest

import groklens as gl
from groklens.errors import BadArgument
from groklens.integrations.tensorboard import TensorBoardLogger
from groklens.integrations.weights_and_biases import WandbLogger

RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(5),
    model=gl.MLP(d_mlp=8, d_embed=4),
    train_fraction=0.5,
    steps=20,
    evaluate_every=10,
)


class Board:
    """A SummaryWriter, or a run of wandb, that remembers."""

    def __init__(self, *given, **options):
        self.given, self.options, self.rows, self.closed = given, options, {}, False

    def add_scalar(self, name, value, step):
        self.rows.setdefault(step, {})[name] = value

    def log(self, row, step):
        self.rows[step] = row

    def close(self):
        self.closed = True

    finish = close

    def flush(self):
        pass


@pytest.fixture
def libraries(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Board))
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=Board))


def opened(kind):
    return TensorBoardLogger("logs") if kind == "tensorboard" else WandbLogger(project="mine", mode="offline")


def board_of(log):
    return log.writer if isinstance(log, TensorBoardLogger) else log.run


@pytest.mark.parametrize("kind", ["tensorboard", "wandb"])
def test_what_is_recorded_is_written_and_closed(libraries, kind, tmp_path):
    with opened(kind) as log:
        run = gl.train(RECIPE, tmp_path / "run", on_evaluate=log)
    board = board_of(log)
    assert board.closed
    assert list(board.rows) == [0, 10, 20]
    for step, row in board.rows.items():
        kept = run.history.sel(step=step)
        assert row == {name: float(kept[name]) for name in row}
        assert {"train_loss", "test_loss", "test_accuracy"} <= row.keys()
    assert (board.given, board.options) in [(("logs",), {}), ((), {"project": "mine", "mode": "offline"})]


@pytest.mark.parametrize("kind", ["tensorboard", "wandb"])
def test_it_is_closed_after_an_exception(libraries, kind):
    with pytest.raises(ZeroDivisionError), opened(kind) as log:
        raise ZeroDivisionError
    assert board_of(log).closed


@pytest.mark.parametrize("logger", [TensorBoardLogger, WandbLogger])
def test_a_users_own_stays_open(logger):
    board = Board()
    with logger(board) as log:
        log.write({"test_loss": 1.0}, 5)
    assert board.rows == {5: {"test_loss": 1.0}}
    assert not board.closed


def test_what_is_no_logger_is_refused():
    with pytest.raises(BadArgument, match="a folder for the logs"):
        TensorBoardLogger(3)
    with pytest.raises(BadArgument, match=r"wandb\.init"):
        WandbLogger(3)
    with pytest.raises(BadArgument, match="beside"):
        WandbLogger(Board(), project="mine")


@pytest.mark.parametrize(
    ("module", "make"),
    [("torch.utils.tensorboard", lambda: TensorBoardLogger("logs")), ("wandb", WandbLogger)],
)
def test_without_the_library_it_is_said(monkeypatch, module, make):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BadArgument, match="pip install"):
        make()
