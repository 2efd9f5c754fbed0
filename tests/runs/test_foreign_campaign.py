"""Files of every foreign format damaged at random: the undamaged logits, or one clear line; never anything else.

`GROKLENS_DAMAGED=100 pytest tests/runs/test_foreign_campaign.py` tries a hundred of each file. Of files whose format
keeps no checksum (safetensors, JSON, torch before 1.6), a flipped bit of a number is a number: those may answer
otherwise, and nothing else.
"""

import os
import random
import time
import warnings

import numpy as np
import pytest
import torch
from foreign_formats import ADD, FORMATS, PLAIN, Format, transformer

from groklens.errors import GroklensError

#: Damaged copies of each file.
EACH = int(os.environ.get("GROKLENS_DAMAGED", "12"))


def write_npz(folder):
    np.savez(folder / "hooked.npz", **{name: tensor.numpy() for name, tensor in transformer().items()})
    return folder / "hooked.npz"


def write_packed(folder):
    np.savez_compressed(folder / "packed.npz", **{name: t.numpy() for name, t in transformer().items()})
    return folder / "packed.npz"


def write_legacy(folder):
    """As torch wrote before 1.6: no archive, and no checksums."""
    torch.save(transformer(), folder / "legacy.bin", _use_new_zipfile_serialization=False)
    return folder / "legacy.bin"


def write_steps(folder):
    for step in (10, 20):
        torch.save({"state_dict": transformer(), "step": step}, folder / f"step_{step}.ckpt")
    return folder


ALL = FORMATS | {
    "npz": Format("hooked_transformer", write_npz, ("hooked.npz",), None, ADD, PLAIN),
    "packed": Format("hooked_transformer", write_packed, ("packed.npz",), None, ADD, PLAIN),
    "legacy": Format("hooked_transformer", write_legacy, ("legacy.bin",), None, ADD, PLAIN),
    "steps": Format("hooked_transformer", write_steps, ("step_10.ckpt", "step_20.ckpt"), None, ADD, PLAIN),
}
FILES = [(name, file) for name, form in ALL.items() for file in (*form.weights, form.config) if file]


def flip(data, draw):
    """One bit."""
    where = draw.randrange(len(data))
    data[where] ^= 1 << draw.randrange(8)
    return data


def cut(data, draw):
    """The file ends early."""
    return data[: draw.randrange(len(data))]


def overwrite(data, draw):
    """A stretch of noise."""
    where, length = draw.randrange(len(data)), draw.randrange(1, 64)
    data[where : where + length] = draw.randbytes(len(data[where : where + length]))
    return data


def zeroed(data, draw):
    """A block that was never written."""
    where = draw.randrange(len(data))
    data[where : where + 512] = bytes(len(data[where : where + 512]))
    return data


def doubled(data, draw):
    """A stretch written twice."""
    where = draw.randrange(len(data))
    return data[: where + 40] + data[where:]


DAMAGES = (flip, cut, overwrite, zeroed, doubled)


def answers(form, path):
    """The logits at every step and nothing, or nothing and what is said."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return form.at_every_step(path), ""
        except GroklensError as error:
            return None, str(error)


def same_logits(found, wanted):
    return found.keys() == wanted.keys() and all(torch.equal(found[step], wanted[step]) for step in wanted)


@pytest.mark.parametrize(("name", "file"), FILES)
def test_damaged_files_give_the_same_answers_or_none(name, file, tmp_path):
    form, draw = ALL[name], random.Random(f"{name} {file}")
    path = form.write(tmp_path)
    whole, wanted = (tmp_path / file).read_bytes(), form.at_every_step(path)
    guarded = file.endswith((".pt", ".pth", ".ckpt", ".npz"))  # whose writers kept checksums
    for turn in range(EACH):
        damage = DAMAGES[turn % len(DAMAGES)]
        (tmp_path / file).write_bytes(bytes(damage(bytearray(whole), draw)))
        started = time.process_time()  # whatever else the machine does
        found, message = answers(form, path)
        assert time.process_time() - started < 20
        assert "\n" not in message, (damage, message)
        assert len(message) < 1200
        same = found is not None and same_logits(found, wanted)
        assert same or message or not guarded, (turn, damage)
