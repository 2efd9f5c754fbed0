"""The callback for Lightning's Trainer: what it records, and that nobody notices."""

import importlib
import logging
import warnings

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import groklens as gl
from groklens.errors import BadArgument
from groklens.integrations.lightning import RecorderCallback

TABLE = gl.ModularArithmetic(5, "add")
TRAIN = range(15)


@pytest.fixture(scope="module", params=["lightning.pytorch", "pytorch_lightning"])
def library(request):
    """The library by either of its names."""
    logging.getLogger(request.param).setLevel(logging.ERROR)
    return importlib.import_module(request.param)


def module_of(library):
    class Sums(library.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.Embedding(TABLE.d_vocab, 8), nn.Flatten(), nn.Dropout(0.2), nn.Linear(24, 5)
            )

        def training_step(self, batch, index):
            inputs, labels = batch
            return nn.functional.cross_entropy(self.net(inputs), labels)

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=1e-2)

    torch.manual_seed(0)
    return Sums()


def trained(library, folder, callbacks=(), checkpoint=None, **options):
    """The module after two shuffled batches in each of three epochs, with dropout."""
    data = DataLoader(TensorDataset(TABLE.inputs[:15], TABLE.labels[:15]), batch_size=8, shuffle=True)
    module = module_of(library)
    options = {"max_epochs": 3, "logger": False, "enable_checkpointing": False} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning's advice
        trainer = library.Trainer(
            default_root_dir=folder, callbacks=list(callbacks), enable_progress_bar=False,
            enable_model_summary=False, accelerator="cpu", **options,
        )  # fmt: skip
        trainer.fit(module, data, ckpt_path=checkpoint)
    return module


def same(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_callback_changes_no_bit_and_records(library, tmp_path):
    callback = RecorderCallback(
        TABLE, tmp_path / "run", keep=gl.Every(2), train_index=TRAIN, within="net", measures="train_loss"
    )
    assert isinstance(callback, library.Callback)
    logger = importlib.import_module(f"{library.__name__}.loggers").CSVLogger(tmp_path)
    module = trained(library, tmp_path, [callback], logger=logger, max_steps=5)
    drawn = torch.rand(3)
    assert same(module, trained(library, tmp_path, max_steps=5))
    assert torch.equal(drawn, torch.rand(3))
    run = callback.run
    assert run.steps == [0, 2, 4, 5]
    assert run.finished
    module.eval()
    with torch.no_grad():
        assert torch.equal(run.final.logits, module.net(TABLE.inputs))
    assert callback.table.equals(gl.track(run, "train_loss"))
    assert run.history.reported_loss.dropna("step").step.values.tolist() == [2, 4]
    logger.save()
    logged = (tmp_path / "lightning_logs" / "version_0" / "metrics.csv").read_text()
    assert "groklens/train_loss" in logged
    assert len(logged.splitlines()) == 5


def test_a_trainer_that_resumes_goes_on_in_the_same_run(library, tmp_path):
    """Stopped in its second epoch and resumed from the first one's checkpoint, as one that was never stopped."""

    class Stop(library.Callback):
        def on_train_batch_end(self, trainer, *others):
            if trainer.global_step == 3:
                raise RuntimeError("no power")

    whole = RecorderCallback(TABLE, tmp_path / "whole", keep=gl.Every(3), within="net")
    saves = importlib.import_module(f"{library.__name__}.callbacks").ModelCheckpoint
    trained(
        library, tmp_path / "one", [whole, saves(tmp_path / "one", save_top_k=-1)], enable_checkpointing=True
    )
    first = RecorderCallback(TABLE, tmp_path / "run", keep=gl.Every(3), within="net")
    kept = [saves(tmp_path / "two", save_top_k=-1)]
    with pytest.raises(RuntimeError, match="no power"):
        trained(library, tmp_path / "two", [first, Stop(), *kept], enable_checkpointing=True)
    assert first.run.steps == [0, 2, 3]
    assert not first.run.finished
    again = RecorderCallback(TABLE, tmp_path / "run", keep=gl.Every(3), within="net", resume=True)
    checkpoint = str(next((tmp_path / "two").glob("*step=2.ckpt")))
    trained(library, tmp_path / "two", [again, *kept], checkpoint, enable_checkpointing=True)
    assert again.run.steps == whole.run.steps == [0, 2, 3, 4, 6]
    assert again.run.finished


def test_only_the_main_process_records(library, tmp_path):
    callback = RecorderCallback(TABLE, tmp_path / "run", within="net")

    class Elsewhere:
        is_global_zero, global_step, loggers, should_stop = False, 0, (), False

    module = module_of(library)
    callback.on_train_start(Elsewhere(), module)
    callback.on_train_batch_end(Elsewhere(), module, None, None, 0)
    callback.on_train_end(Elsewhere(), module)
    assert not (tmp_path / "run").exists()
    with pytest.raises(BadArgument, match="Nothing is recorded yet"):
        _ = callback.run
