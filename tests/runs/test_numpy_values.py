"""Numpy's numbers and harmless values of Python beside the weights of a torch file: read, and nothing is run."""

import datetime
import threading
from collections import defaultdict, deque
from pathlib import PurePosixPath

import numpy as np
import pytest
import torch
from test_file_kinds import STATE, WANTED, opened

from groklens.errors import DamagedRun
from groklens.runs.readers.numpy_values import stand_ins
from groklens.runs.readers.safe_loading import read_torch

LOSSES = {"train_losses": [2.0, 1.5, 1.0], "test_losses": [3.0, 2.5, 2.0]}
AS_NUMPY = {
    "single numbers": lambda values: [np.float64(value) for value in values],
    "float32": lambda values: [np.float32(value) for value in values],
    "an array": lambda values: np.array(values),
    "an array of the other byte order": lambda values: np.array(values).astype(">f4"),
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("form", AS_NUMPY)
def test_losses_that_numpy_averaged(form, zipped, tmp_path):
    content = {name: AS_NUMPY[form](values) for name, values in LOSSES.items()}
    content |= {"model": STATE, "step": np.int64(2), "lr": np.float32(0.5)}
    torch.save(content, tmp_path / "c.pt", _use_new_zipfile_serialization=zipped)
    run = opened(tmp_path / "c.pt")
    assert torch.equal(run.final.logits, WANTED)
    assert (run.steps, run.known["lr"]) == ([2], 0.5)
    assert run.history["train_loss"].values.tolist() == LOSSES["train_losses"]


BESIDE = {
    "an empty array": (np.array([]), torch.zeros(0, dtype=torch.float64)),
    "empty bytes": (b"", b""),
    "texts": (np.array(["ab", "c"]), ["ab", "c"]),
    "a text": (np.str_("ab"), "ab"),
    "defaultdict": (defaultdict(list, train=[np.float64(2.0)]), {"train": [2.0]}),
    "deque": (deque([1.5, 2.5], maxlen=3), [1.5, 2.5]),
    "path": (PurePosixPath("/data/a.csv"), "/data/a.csv"),
    "moment": (datetime.datetime(2026, 11, 28, 2, 6, tzinfo=datetime.timezone.utc), "2026-11-28 02:06:00"),
    "span": (datetime.timedelta(hours=3), "3:00:00"),
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kind", BESIDE)
def test_harmless_values_beside_the_weights(kind, zipped, tmp_path):
    value, wanted = BESIDE[kind]
    torch.save(
        {"model": STATE, "losses": value}, tmp_path / "ckpt_0.pt", _use_new_zipfile_serialization=zipped
    )
    assert torch.equal(opened(tmp_path / "ckpt_0.pt").final.logits, WANTED)
    found = read_torch(tmp_path / "ckpt_0.pt")["losses"]
    if kind == "moment":
        assert found.startswith(wanted)
    elif isinstance(wanted, torch.Tensor):
        assert torch.equal(found, wanted)
    else:
        assert (type(found), found) == (type(wanted), wanted)


def test_what_is_refused_is_said_as_it_is(tmp_path):
    torch.save({"model": STATE, "other": np.array([None], dtype=object)}, tmp_path / "c.pt")
    with pytest.raises(
        DamagedRun, match=r"holds a numpy array of 'O8'.*save it again with plain values"
    ) as said:
        opened(tmp_path / "c.pt")
    assert "damaged" not in str(said.value)


@pytest.mark.parametrize("order", "CF")
def test_weights_as_arrays(order, tmp_path):
    torch.save(
        {name: np.array(tensor.numpy(), order=order) for name, tensor in STATE.items()}, tmp_path / "c.pt"
    )
    assert torch.equal(opened(tmp_path / "c.pt").final.logits, WANTED)


class Hostile:
    """Pickles as a call of numpy's that takes bytes for something else than plain numbers."""

    def __init__(self, function, arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def without_end():
    """Forty times the list before, twelve times over: no machine could write it out."""
    held = [1.0]
    for _ in range(12):
        held = [held] * 40
    return held


SCALAR = np.float64(1.0).__reduce__()[0]
HOSTILE = {
    "objects": lambda: np.array([None, "x"], dtype=object),
    "a structure": lambda: np.zeros(2, dtype=[("a", "f4"), ("b", "O")]),
    "bytes for pointers": lambda: Hostile(SCALAR, (np.dtype([("a", "O")]), b"\x41" * 8)),
    "too few bytes": lambda: Hostile(SCALAR, (np.dtype("f8"), b"\x41" * 4)),
    "too many": lambda: Hostile(SCALAR, (np.dtype("f8"), b"\x41" * 16)),
    "no kind": lambda: Hostile(SCALAR, (3, b"\x41" * 8)),
    "bytes of a size": lambda: Hostile(bytes, (10**12,)),
    "a call of what only names": lambda: Hostile(list, ("ab",)),
    "a list without end as a kind": lambda: Hostile(np.dtype, (without_end(),)),
    "a list without end as a zone": lambda: Hostile(datetime.timezone, (without_end(),)),
    "a date of no day": lambda: Hostile(datetime.date, (b"\x07\xea\x0d\x28",)),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_plain_number_is_refused(kind, tmp_path):
    torch.save({"model": STATE, "other": HOSTILE[kind]()}, tmp_path / "c.pt")
    with pytest.raises(DamagedRun, match=r"c\.pt"):
        opened(tmp_path / "c.pt")


def test_what_the_user_marked_as_safe_stays_so(tmp_path):
    torch.save({"model": STATE, "loss": np.float64(1.0)}, tmp_path / "c.pt")
    with torch.serialization.safe_globals([SCALAR, np.dtype, (np.ndarray, "numpy.ndarray"), Hostile]):
        before = torch.serialization.get_safe_globals()
        assert torch.equal(opened(tmp_path / "c.pt").final.logits, WANTED)
        assert set(torch.serialization.get_safe_globals()) == set(before)


def test_nothing_is_marked_as_safe_afterwards(tmp_path):
    before = set(torch.serialization.get_safe_globals())
    torch.save({"model": STATE, "loss": np.array([None], dtype=object)}, tmp_path / "c.pt")
    with pytest.raises(DamagedRun):
        opened(tmp_path / "c.pt")
    assert set(torch.serialization.get_safe_globals()) == before


def test_a_few_bytes_that_hold_one_list_a_billion_times_are_read_at_once(tmp_path):
    """Forty times the list before, in each of six: what torch reads as six lists is looked into as six."""
    held = [np.float64(1.0)]
    for _ in range(7):
        held = [held] * 40
    round_ = [np.float64(2.0)]
    round_ += [round_] * 40
    torch.save({"model": STATE, "held": held, "round": round_}, tmp_path / "c.pt")
    assert torch.equal(opened(tmp_path / "c.pt").final.logits, WANTED)


def test_of_two_threads_neither_leaves_its_stand_ins_to_the_other():
    before = set(torch.serialization.get_safe_globals())
    first_in, second_in = threading.Event(), threading.Event()

    def first():
        with stand_ins():
            first_in.set()
            second_in.wait(0.5)  # comes only where the second may enter

    def second():
        first_in.wait(10)
        with stand_ins():
            second_in.set()
            threads[0].join(0.5)

    threads = [threading.Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(torch.serialization.get_safe_globals()) == before
