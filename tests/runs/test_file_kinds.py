"""Files by what is in them, whatever their names say: weights under any ending, and what only looks like them."""

import bz2
import gzip
import lzma

import numpy as np
import pytest
import torch
from foreign_formats import ADD
from safetensors.torch import save_file

import groklens as gl
from groklens.errors import DamagedRun, GroklensError, RunNotFound

SPEC = gl.MLP(d_mlp=12, d_embed=4)
STATE = {name: tensor.detach().clone() for name, tensor in SPEC.build(ADD, seed=3).state_dict().items()}
WANTED = gl.Snapshot(SPEC.build(ADD, seed=3), ADD).logits


def opened(path, **more):
    return gl.load(path, task=ADD, model=SPEC.build(ADD, seed=0), **more)


def arrays(file):
    with open(file, "wb") as opened_file:  # by a path numpy would add its ending
        np.savez(opened_file, **{name: tensor.numpy() for name, tensor in STATE.items()})


WRITERS = {
    "torch": lambda file: torch.save(STATE, file),
    "torch before archives": lambda file: torch.save(STATE, file, _use_new_zipfile_serialization=False),
    "safetensors": lambda file: save_file(STATE, file),
    "numpy": arrays,
}


@pytest.mark.parametrize("name", ["m.weights", "model_final", "m.pt", "m.safetensors", "m.npz", "m.zip"])
@pytest.mark.parametrize("kind", WRITERS)
def test_weights_open_under_any_name(kind, name, tmp_path):
    WRITERS[kind](tmp_path / name)
    assert torch.equal(opened(tmp_path / name).final.logits, WANTED)


def test_what_would_run_code_is_refused_under_any_name(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "m.weights")
    with pytest.raises(DamagedRun, match="could run code"):
        opened(tmp_path / "m.weights")


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1234\n"
NO_WEIGHTS = {
    "a pointer": (POINTER, "git lfs pull"),
    "a page": (b"\n<!DOCTYPE html><html><body>404</body></html>", "download the file again"),
    "gzip": (gzip.compress(bytes(99)), "gunzip -k"),
    "bzip2": (bz2.compress(bytes(99)), "bunzip2 -k"),
    "xz": (lzma.compress(bytes(99)), "unxz -k"),
    "keras": (b"\x89HDF\r\n\x1a\n" + bytes(99), "np.savez"),
    "macOS": (b"\x00\x05\x16\x07" + bytes(99), r"without \._"),
    "one array": (b"\x93NUMPY\x01\x00" + bytes(99), "without a name"),
}


@pytest.mark.parametrize("name", ["m.pt", "m.safetensors", "m.npz", "m.h5", "m"])
@pytest.mark.parametrize("kind", NO_WEIGHTS)
def test_what_is_no_file_of_weights_is_told_apart(kind, name, tmp_path):
    content, says = NO_WEIGHTS[kind]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(GroklensError, match=says) as caught:
        opened(tmp_path / name)
    assert "damaged" not in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_other_bytes_are_still_of_no_known_format(tmp_path):
    (tmp_path / "m").write_bytes(b"nothing that is known")
    with pytest.raises(RunNotFound, match="of no format known here"):
        opened(tmp_path / "m")
