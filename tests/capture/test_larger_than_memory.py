"""A capture over a model larger than the memory allowed to it streams: one layer in float32, one block of inputs."""

import gc
import json
import math
import os
import resource
import struct
import sys
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

import groklens as gl
import groklens.memory
import warm

SIZES = {"vocab_size": 64, "hidden_size": 1024, "intermediate_size": 2560, "num_hidden_layers": 8}
HEADS = {"num_attention_heads": 8, "num_key_value_heads": 8, "max_position_embeddings": 16}
#: 96 million weights: 193 MB in bfloat16, 385 MB in float32, 48 MB a layer.
HOOKS = ["blocks.3.hook_out", "blocks.7.mlp.hook_out"]
#: More than the file that is mapped and a layer, and less than the weights in float32.
ALLOWED = 345 * 2**20
N_INPUTS, N_POS, WRITTEN = 12, 4, 40


def means(run):
    found = gl.capture(run, HOOKS, reduce="mean", pos=-1)
    return {hook: found[hook].values[0].tolist() for hook in HOOKS}


def within(allowed, compute):
    """What a function gives, as JSON, in a process that may take so much more memory than it has."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_DATA, (data_taken() + allowed,) * 2)
            said = json.dumps(compute())
        except BaseException as error:
            said = json.dumps(repr(error))
        with os.fdopen(writing, "w") as pipe:
            pipe.write(said)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said)


def data_taken():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData"))


def in_float32(run):
    """The last snapshot with all its weights in float32 at once."""
    return run.final.with_model(run.final.model.float())


def config(**sizes):
    return LlamaConfig(**{**SIZES, **HEADS, **sizes}, dtype="bfloat16", tie_word_embeddings=True)


def write_large(folder):
    """A Llama in bfloat16 whose matrices are zero beyond their first rows, which are holes in the file."""
    with torch.device("meta"):
        shapes = {name: tuple(each.shape) for name, each in LlamaForCausalLM(config()).named_parameters()}
    entries, at = {}, 0
    for name, shape in shapes.items():
        end = at + 2 * math.prod(shape)
        entries[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, end]}
        at = end
    header = json.dumps(entries).encode()
    folder.mkdir()
    generator = torch.Generator().manual_seed(0)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for name, entry in entries.items():
            shape = entry["shape"]
            rows = (min(WRITTEN, shape[0]), *shape[1:]) if len(shape) > 1 and "embed" not in name else shape
            values = torch.randn(rows, generator=generator) * (0.3 if len(shape) > 1 else 1)
            file.seek(8 + len(header) + entry["data_offsets"][0])
            file.write(values.bfloat16().view(torch.int16).numpy().tobytes())
        file.truncate(8 + len(header) + at)
    said = config().to_dict() | {"architectures": ["LlamaForCausalLM"], "dtype": "bfloat16"}
    (folder / "config.json").write_text(json.dumps(said))


def measured(folder):
    """What a capture gives within the limit, what the whole model in float32 gives within it, and without one."""
    large, tiny = folder / "large", folder / "tiny"
    LlamaForCausalLM(config(hidden_size=16, intermediate_size=32)).bfloat16().save_pretrained(tiny)
    draw = torch.Generator().manual_seed(1)
    tokens = torch.randint(SIZES["vocab_size"], (N_INPUTS, N_POS), generator=draw).tolist()
    means(gl.load(tiny, task=gl.Probe(tokens)))  # what is imported on the way is no model's
    gc.collect()
    groklens.memory.BUDGETS.capture = 4 * 4096  # four inputs at a time
    run = gl.load(large, task=gl.Probe(tokens))
    by_layer = within(ALLOWED, lambda: means(run))
    at_once = within(ALLOWED, lambda: means(in_float32(run)))
    return by_layer, at_once, means(in_float32(run))


def test_a_model_larger_than_the_memory_allowed(tmp_path):
    write_large(tmp_path / "large")
    assert 2 * (tmp_path / "large" / "model.safetensors").stat().st_size > ALLOWED
    # In a process in which nothing has run: one that has run many tests would use the memory that it has freed first.
    done = warm.run(__file__, tmp_path)
    assert done.returncode == 0, done.stderr
    found, at_once, expected = json.loads(done.stdout.splitlines()[-1])
    assert "memory" in at_once  # the limit is one
    assert found == expected
    assert all(max(map(abs, values)) > 1e-3 for values in found.values())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(Path(sys.argv[1]))))
