"""Headers of GGUF files that lie: one line, at once, and nothing allocated because a header asks for it."""

import math
import os
import struct
import time
import tracemalloc

import gguf
import pytest
from foreign_formats import FORMATS, refused

import groklens as gl
from gguf_model import write_gguf
from groklens.errors import DamagedRun
from groklens.gguf_file import is_gguf, read_gguf
from groklens.models.published.gguf_tensors import GgufTensors

FORM = FORMATS["gguf"]
MANY = 2**60
U64, TEXT, ARRAY = 10, 8, 9


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def header(n_tensors=0, n_entries=0, version=3):
    return b"GGUF" + struct.pack("<IQQ", version, n_tensors, n_entries)


def entry(key, kind, value):
    return text(key) + struct.pack("<I", kind) + value


def array(kind, n):
    return struct.pack("<IQ", kind, n)


def tensor(axes, kind=0, offset=0, n_axes=None):
    axes = struct.pack(f"<{len(axes)}Q", *axes)
    return text("t") + struct.pack("<I", n_axes or len(axes) // 8) + axes + struct.pack("<IQ", kind, offset)


LIES = {
    "tensors": header(MANY),
    "entries": header(0, MANY),
    "nothing more": header(1, 1),
    "no version": b"GGUF",
    "version": header(version=2**24),  # 3, of a machine that writes the large end first
    "key": header(0, 1) + struct.pack("<Q", MANY),
    "text": header(0, 1) + text("a") + struct.pack("<IQ", TEXT, MANY) + bytes(64),
    "numbers": header(0, 1) + entry("a", ARRAY, array(4, MANY)) + bytes(64),
    "texts": header(0, 1) + entry("a", ARRAY, array(TEXT, MANY)) + bytes(64),
    "arrays": header(0, 1) + entry("a", ARRAY, array(ARRAY, MANY)) + bytes(64),
    "empty texts": header(0, 1) + entry("a", ARRAY, array(TEXT, 9)) + bytes(64),
    "kind": header(0, 1) + entry("a", 77, bytes(64)),
    "deep": header(0, 1) + entry("a", ARRAY, array(ARRAY, 1) * 100) + bytes(64),
    "twice": header(0, 2) + 2 * entry("a", U64, bytes(8)),
    "no text": header(0, 1) + struct.pack("<Q", 4) + b"\xff\xfe\xff\xfe" + bytes(64),
    "alignment": header(0, 1) + entry("general.alignment", U64, struct.pack("<Q", MANY)),
    "no alignment": header(0, 1) + entry("general.alignment", U64, bytes(8)),
    "axes": header(1) + tensor([2], n_axes=2**31) + bytes(64),
}


def promptly_refused(read):
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(DamagedRun) as caught:
            read()
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies(lie, tmp_path):
    file = tmp_path / "lies.gguf"
    file.write_bytes(LIES[lie])
    assert "lies.gguf" in promptly_refused(lambda: read_gguf(file))
    with pytest.raises(DamagedRun, match=r"lies\.gguf"):
        gl.load(file, task=FORM.task)
    with pytest.raises(DamagedRun, match=r"lies\.gguf"):
        gl.tasks.tokenizer_of(file)


@pytest.mark.parametrize(
    ("axes", "kind", "offset"),
    [
        ([MANY], 0, 0),
        ([2**31, 2**31, 2**31], 0, 0),
        ([4], 0, MANY),
        ([4], 0, 32),
        ([0], 0, 0),
        ([33], 8, 0),
        ([8], 0, 0),
    ],
)
def test_a_tensor_that_is_not_there(axes, kind, offset, tmp_path):
    file = tmp_path / "lies.gguf"
    begun = header(1) + tensor(axes, kind, offset)
    file.write_bytes(begun + bytes(-len(begun) % 32 + 16))  # room for four numbers
    read = read_gguf(file)
    assert "lies.gguf" in promptly_refused(lambda: GgufTensors(read))


def test_tensors_in_one_place_are_refused(tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf")
    data = file.read_bytes()
    offsets = {name: stored.start for name, stored in read_gguf(file).tensors.items()}
    first, second = sorted(offsets.values())[:2]
    where = data.rindex(struct.pack("<Q", second - first), 0, first)
    file.write_bytes(data[:where] + bytes(8) + data[where + 8 :])
    assert "not where the tensor before it ends" in refused(FORM, file, file)


@pytest.mark.parametrize("more", [-1, 40])
def test_bytes_missing_or_behind_the_end(more, tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf")
    data = file.read_bytes()
    file.write_bytes(data[:more] if more < 0 else data + bytes(more))
    assert "bytes" in refused(FORM, file, file)


@pytest.mark.parametrize(
    "name", ["token_embd.weight", "output_norm.weight", "blk.1.attn_k.weight", "blk.0.ffn_norm.weight"]
)
def test_a_missing_tensor_and_one_in_another_shape(name, tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf", leave_out=[name])
    refused(FORM, file, file)
    file.unlink()
    write_gguf(file, change=lambda its, value: value[:-2] if its == name else value)
    refused(FORM, file, file)


def test_a_tensor_that_no_such_model_has(tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf")
    data = file.read_bytes()
    for old, new in (("blk.0.ffn_up", "blk.0.ffn_no"), ("blk.1.ffn_up", "blk.9.ffn_up")):
        file.write_bytes(data.replace(old.encode(), new.encode()))
        refused(FORM, file, file)


@pytest.mark.parametrize("value", [0, 2**31 - 1, 3000, -3, 2.5, "x", True])
@pytest.mark.parametrize(
    "key", ["block_count", "embedding_length", "attention.head_count", "feed_forward_length"]
)
def test_sizes_beyond_the_weights(key, value, tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf", says={f"llama.{key}": value})
    started = time.process_time()
    assert key in refused(FORM, file, file) or value is True
    assert time.process_time() - started < 1


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan, 3])
def test_a_base_that_is_none(value, tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf", says={"llama.rope.freq_base": value})
    assert "freq_base" in refused(FORM, file, file)


def test_a_type_that_gguf_does_not_know(tmp_path, monkeypatch):
    file = write_gguf(tmp_path / "tiny.gguf", kind="Q8_0")
    monkeypatch.delitem(gguf.GGML_QUANT_SIZES, gguf.GGMLQuantizationType.Q8_0)
    assert "this version of gguf does not know" in refused(FORM, file, file)


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.gguf")
    assert not is_gguf(tmp_path / "pipe.gguf")
