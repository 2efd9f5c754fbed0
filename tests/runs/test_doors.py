"""What is refused before it is opened: pipes, devices, sockets, holes, and files that declare more than they hold."""

import io
import json
import os
import pickle
import resource
import socket
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_formats import ADD, FORMATS, PLAIN, write_hugging_face, write_rep_theory

import groklens as gl
import warm
from groklens.errors import DamagedRun, GroklensError
from groklens.runs.file_checks import check_archive, check_regular, check_safetensors

ENDINGS = (".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".npz", ".json", ".csv", "")


def pipe(path):
    os.mkfifo(path)


def to_a_device(path):
    path.symlink_to("/dev/zero")


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as door:
        here = os.getcwd()
        os.chdir(path.parent)  # the name of a socket is short
        door.bind(path.name)
        os.chdir(here)


def to_a_pipe(path):
    pipe(path.with_name("the_pipe"))
    path.symlink_to(path.with_name("the_pipe"))


def sparse(path):
    with open(path, "wb") as file:
        file.truncate(2**40)


KINDS = {
    pipe: "a pipe",
    to_a_device: "a device",
    a_socket: "a socket",
    to_a_pipe: "a pipe",
    sparse: "sparse file",
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_what_is_no_file_is_refused_by_kind(make, ending, tmp_path):
    path = tmp_path / f"x{ending}"
    make(path)
    with pytest.raises(DamagedRun, match=KINDS[make]) as caught:
        gl.load(path, task=ADD, config=PLAIN)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/stdin", "/dev/random"])
def test_devices_by_name(path):
    if Path(path).exists() and not Path(path).is_file():
        with pytest.raises(GroklensError):
            gl.load(path)


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", FORMATS)
def test_within_a_folder_too(name, make, tmp_path):
    form = FORMATS[name]
    path = form.write(tmp_path)
    for file in (*form.weights, *([form.config] if form.config else [])):
        (tmp_path / file).unlink()
        make(tmp_path / file)
        with pytest.raises(GroklensError) as caught:
            form.at_every_step(path)
        assert "\n" not in str(caught.value)
        (tmp_path / file).unlink()
        (tmp_path / file).with_name("the_pipe").unlink(missing_ok=True)
        form.write(tmp_path)


def test_files_and_folders_pass(tmp_path):
    (tmp_path / "x").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "x")
    for path in (tmp_path, tmp_path / "x", tmp_path / "link", tmp_path / "missing"):
        check_regular(path)


def zip_bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\0" * 2**28)


def declared_zip(path):
    """A torch file whose entries declare a terabyte."""
    torch.save({"w": torch.zeros(9)}, path)
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 20 : entry + 28] = struct.pack("<II", 2**32 - 2, 2**32 - 2)
    path.write_bytes(bytes(data))


def many_dictionaries(path):
    """A pickle of which each byte is sixty on the heap."""
    content = b"\x80\x02(" + b"}" * (32 * 2**20) + b"l."
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", content)
        archive.writestr("a/version", b"3\n")


def long_header(path):
    path.write_bytes(struct.pack("<Q", 2**62) + b"{}")


def large_tensor(path, shape=(2**40,), end=2**42):
    header = json.dumps({"embed.W_E": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 8)


def deep_header(path):
    header = b"[" * 100_000
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def large_array(path):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", buffer.getvalue() + b"\0" * 64)


def packed_zeros(path):
    np.savez_compressed(path, w=np.zeros(2**26))


def objects(path):
    np.savez(path, w=np.array([{"code": 1}], dtype=object))


def deep_json(path):
    path.write_text("[" * 100_000)


def deep_dictionaries(path):
    path.write_text('{"a":' * 100_000)


def expanded(path):
    """A view of one number, declared as a terabyte."""
    torch.save({"embed.W_E": torch.zeros(1).expand(2**38), "blocks.0.attn.W_Q": torch.zeros(2, 2, 2)}, path)


def deep_pickle(path):
    value = []
    for _ in range(400):
        value = [value]
    torch.save(value, path)


BOMBS = [
    (zip_bomb, ".pt"), (zip_bomb, ".npz"), (declared_zip, ".pt"), (many_dictionaries, ".pth"),
    (long_header, ".safetensors"), (large_tensor, ".safetensors"), (deep_header, ".safetensors"),
    (large_array, ".npz"), (packed_zeros, ".npz"), (objects, ".npz"), (deep_json, ".json"),
    (deep_dictionaries, ".json"), (deep_dictionaries, ".jsonl"), (expanded, ".pt"), (deep_pickle, ".pt"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "ending"), BOMBS, ids=lambda value: getattr(value, "__name__", value))
def test_bombs_are_refused_without_being_unfolded(make, ending, tmp_path):
    path = tmp_path / f"x{ending}"
    make(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(GroklensError, match=r"x\.") as caught:
        gl.load(path, task=ADD, config=PLAIN)
    assert "\n" not in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024  # KiB


def test_a_configuration_nested_too_deep(tmp_path):
    path = write_rep_theory(tmp_path)
    (path / "cfg.json").write_text('{"group":' * 100_000)
    with pytest.raises(DamagedRun, match=r"cfg\.json"):
        gl.load(path)


def test_legacy_archives_too(tmp_path):
    torch.save({"w": torch.zeros(3)}, tmp_path / "x.pt", _use_new_zipfile_serialization=False)
    data = (tmp_path / "x.pt").read_bytes()
    (tmp_path / "x.pt").write_bytes(data.replace(pickle.dumps(3, 2)[2:4], b"J\xff\xff\xff\x7f"[:2]))
    with pytest.raises(GroklensError):
        gl.load(tmp_path / "x.pt", task=ADD)


def test_what_is_whole_passes(tmp_path):
    torch.save({"w": torch.zeros(3)}, tmp_path / "x.pt")
    np.savez_compressed(tmp_path / "x.npz", w=np.zeros(1000))
    check_archive(tmp_path / "x.pt")
    check_archive(tmp_path / "x.npz")
    path = write_hugging_face(tmp_path) / "checkpoint-5" / "model.safetensors"
    assert check_safetensors(path)["transformer.wte.weight"] == (6, 8)


def test_a_pipe_in_the_shell_does_not_hang(tmp_path):
    pipe(tmp_path / "x.pt")
    done = warm.run("-m", "groklens.cli", "explain", tmp_path / "x.pt", timeout=60)
    assert done.returncode == 2
    assert "a pipe" in done.stderr
    assert done.stderr.count("\n") == 1
