"""Damaged and dangerous files of every foreign format: one clear line that names the file, and nothing run."""

import json
import sys
import zipfile

import pytest
import torch
from foreign_formats import FORMATS, Bomb, Config, Plain, refused, said, truncate
from safetensors.torch import load_file, save_file

from groklens import cli
from groklens.runs.readers import READERS

FILES = [(name, file) for name, form in FORMATS.items() for file in form.weights]
TORCH_FILES = [(name, file) for name, file in FILES if not file.endswith((".safetensors", ".gguf"))]
CONFIGS = [name for name, form in FORMATS.items() if form.config]
every_format = pytest.mark.parametrize("name", FORMATS)
every_written_anew = pytest.mark.parametrize(
    "name", sorted(FORMATS.keys() - {"gguf"})
)  # that is in test_gguf_damage.py


def weights_in(form, file):
    """The content of the file, and the state dictionary inside it."""
    if file.suffix == ".safetensors":
        state = load_file(file)
        return state, state
    content = torch.load(file, weights_only=True)
    state = content
    for key in form.within:
        state = state[key]
    return content, state


def save(content, file):
    if file.suffix == ".safetensors":
        save_file(content, file, metadata={"format": "pt"})
    else:
        torch.save(content, file)


def cut_the_end(file):
    file.write_bytes(file.read_bytes()[:-1])


def empty(file):
    file.write_bytes(b"")


def garbage(file):
    file.write_bytes(bytes(range(256)) * 8)


def overwrite_the_start(file):
    file.write_bytes(b"\x93\x07" * 40 + file.read_bytes()[80:])


def flip_a_tensor_byte(file):
    data = bytearray(file.read_bytes())
    weight = max(zip_records(file), key=lambda record: record.file_size)
    data[weight.header_offset + 30 + len(weight.filename) + weight.file_size] ^= 0x40
    file.write_bytes(bytes(data))


def zip_records(file):
    with zipfile.ZipFile(file) as archive:
        return archive.infolist()


def text(file):
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 1181\n")


def test_every_reader_is_here():
    logs = {"loss_log"}  # which hold no weights: tests/runs/test_loss_log.py
    assert {form.reader for form in FORMATS.values()} | logs == {reader.NAME for reader in READERS}


@every_format
def test_whole_files_are_read(name, tmp_path):
    form = FORMATS[name]
    path = form.write(tmp_path)
    assert form.load(path).format == form.reader
    logits = form.at_every_step(path)
    assert len(logits) == (2 if form.reader in ("grokking_demo", "nanda", "y_agent", "hugging_face") else 1)
    assert all(torch.isfinite(values).all() for values in logits.values())


@pytest.mark.parametrize("damage", [truncate, cut_the_end, empty, garbage, overwrite_the_start, text])
@pytest.mark.parametrize(("name", "file"), FILES)
def test_bytes_that_are_not_what_was_written(name, file, damage, tmp_path):
    form = FORMATS[name]
    path = form.write(tmp_path)
    damage(tmp_path / file)
    refused(form, path, file)


@pytest.mark.parametrize(("name", "file"), TORCH_FILES)
def test_one_byte_of_a_tensor(name, file, tmp_path):
    form = FORMATS[name]
    path = form.write(tmp_path)
    flip_a_tensor_byte(tmp_path / file)
    refused(form, path, file)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(("name", "file"), TORCH_FILES)
def test_code_is_refused_and_never_run(name, file, zipped, protocol, tmp_path):
    form, mark = FORMATS[name], tmp_path / "was_run"
    path = form.write(tmp_path)
    content = torch.load(tmp_path / file, weights_only=True)
    for payload in (Bomb(mark), Plain(), Config()):
        inside = content | {"config": payload} if isinstance(content, dict) else [content, payload]
        for saved in (payload, inside):
            torch.save(
                saved, tmp_path / file, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped
            )
            refused(form, path, file)
    assert not mark.exists()
    torch.load(write_bomb(tmp_path, mark), weights_only=False)
    assert mark.exists()  # the bomb is a bomb


def write_bomb(folder, mark):
    torch.save(Bomb(mark), folder / "bomb.pt")
    return folder / "bomb.pt"


@every_written_anew
def test_every_missing_weight(name, tmp_path):
    form = FORMATS[name]
    path = form.write(tmp_path)
    file = tmp_path / form.weights[0]
    _, names = weights_in(form, file)
    for weight in set(names) - set(form.optional):
        content, state = weights_in(form, file)
        del state[weight]
        save(content, file)
        refused(form, path, file)
        form.write(tmp_path)


@every_written_anew
def test_every_weight_in_another_shape(name, tmp_path):
    form = FORMATS[name]
    path = form.write(tmp_path)
    file = tmp_path / form.weights[0]
    _, names = weights_in(form, file)
    for weight in names:
        for change in (lambda t: t[..., :-1], lambda t: t[None], lambda t: t.flatten()[:3]):
            content, state = weights_in(form, file)
            state[weight] = change(state[weight]).contiguous()
            save(content, file)
            refused(form, path, file)
            form.write(tmp_path)


@pytest.mark.parametrize("value", ["text", 3, None, [1.0]])
@pytest.mark.parametrize("name", [name for name, _ in TORCH_FILES])
def test_something_else_where_a_weight_belongs(name, value, tmp_path):
    form = FORMATS[name]
    path = form.write(tmp_path)
    file = tmp_path / form.weights[0]
    content, state = weights_in(form, file)
    state[next(iter(state))] = value
    save(content, file)
    refused(form, path, file)


@pytest.mark.parametrize("content", [[], {}, 3, "text", None, {"model": None}, {"model": {}}, {1: 2}])
@pytest.mark.parametrize(("name", "file"), TORCH_FILES)
def test_a_whole_file_of_something_else(name, file, content, tmp_path):
    form = FORMATS[name]
    path = form.write(tmp_path)
    torch.save(content, tmp_path / file)
    refused(form, path, file)


@pytest.mark.parametrize("values", ["{", "", "[1]", "{}", "3", "\ufeff", '{"group": 3, "C": "x"}'])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_that_says_nothing(name, values, tmp_path):
    form = FORMATS[name]
    path = form.write(tmp_path)
    (tmp_path / form.config).write_text(values, encoding="utf-8")
    refused(form, path, form.config)


@pytest.mark.parametrize("value", [None, "x", -3, 0, 1e400, [], {}])
@pytest.mark.parametrize("name", CONFIGS)
def test_every_entry_of_a_configuration_garbled(name, value, tmp_path):
    form = FORMATS[name]
    path = form.write(tmp_path)
    config = tmp_path / form.config
    for key in {"C", "d_model", "attn_coeff", "group_parameter", "frac_train", "n_embd", "vocab_size"}:
        values = json.loads(config.read_text())
        if key in values:
            config.write_text(json.dumps(values | {key: value}))
            assert "\n" not in said(form, path)
            form.write(tmp_path)


@pytest.mark.parametrize("damage", [truncate, garbage, "code"])
@pytest.mark.parametrize(("name", "file"), FILES)
def test_the_command_line_says_it_in_one_line(name, file, damage, tmp_path, monkeypatch, capsys):
    form, mark = FORMATS[name], tmp_path / "was_run"
    path = form.write(tmp_path)
    if damage == "code":
        torch.save({"model": Bomb(mark)}, tmp_path / file)
    else:
        damage(tmp_path / file)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["groklens", "explain", str(path), "--json", "-"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    out, err = capsys.readouterr()
    assert stop.value.code == 2
    assert out == ""
    assert err.startswith("groklens: ")
    assert err.count("\n") == 1, err
    assert str(tmp_path) in err
    assert not mark.exists()
