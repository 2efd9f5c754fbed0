"""Every foreign format, written small: no download, and every file open to damage."""

import copy
import dataclasses
import functools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

import groklens as gl
from groklens.errors import GroklensError

P = 5
D_MODEL, N_HEADS, D_HEAD, D_MLP = 8, 2, 4, 12


@dataclasses.dataclass
class Config:
    """A configuration pickled as an object, as the Grokking_Demo does."""

    d_model: int = D_MODEL


class Plain:
    """Any object of a module-level class."""


class Bomb:
    """Unpickled with code allowed, it makes the file `mark`."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def normal(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def transformer(transposed=False, biases=True):
    """Weights by the names of TransformerLens ≤ 3, or as Nanda's and pizza's code lays them out."""
    inward, outward = (N_HEADS, D_MODEL, D_HEAD), (N_HEADS, D_HEAD, D_MODEL)
    if transposed:
        inward, outward = (N_HEADS, D_HEAD, D_MODEL), (D_MODEL, N_HEADS * D_HEAD)

    def matrix(rows, columns):
        return normal(columns, rows) if transposed else normal(rows, columns)

    weights = {
        "embed.W_E": matrix(P + 1, D_MODEL),
        "pos_embed.W_pos": normal(3, D_MODEL),
        "blocks.0.mlp.W_in": matrix(D_MODEL, D_MLP),
        "blocks.0.mlp.W_out": matrix(D_MLP, D_MODEL),
        "unembed.W_U": normal(D_MODEL, P),
        "blocks.0.attn.W_O": normal(*outward),
    }
    weights |= {f"blocks.0.attn.W_{name}": normal(*inward) for name in "QKV"}
    if biases:
        weights |= {"blocks.0.mlp.b_in": normal(D_MLP), "blocks.0.mlp.b_out": normal(D_MODEL)}
    return weights


def write_grokking_demo(folder):
    states = [transformer(), transformer()]
    content = {
        "model": states[-1], "config": {"act_fn": "relu", "d_model": D_MODEL}, "checkpoints": states,
        "checkpoint_epochs": [0, 100], "train_losses": [2.0, 1.0], "test_losses": [2.0, 1.5],
        "train_indices": torch.arange(9), "test_indices": torch.arange(9, P * P),
    }  # fmt: skip
    torch.save(content, folder / "grokking_demo.pth")
    return folder / "grokking_demo.pth"


def write_hooked_transformer(folder):
    torch.save(transformer(), folder / "hooked.pt")
    return folder / "hooked.pt"


def write_hooked_safetensors(folder):
    save_file(transformer(), folder / "hooked.safetensors")
    return folder / "hooked.safetensors"


def write_nanda(folder):
    state = transformer(transposed=True)
    config = {"p": P, "fn_name": "add", "frac_train": 0.4, "seed": 0}
    content = {"model": state, "config": config, "epoch": 100, "train_losses": [2.0, 1.0]}
    torch.save(content | {"epochs": [0], "state_dicts": [copy.deepcopy(state)]}, folder / "nanda.pth")
    return folder / "nanda.pth"


def write_pizza(folder):
    state = transformer(transposed=True)
    state |= {"embed.W_E": normal(D_MODEL, P), "pos_embed.W_pos": normal(2, D_MODEL)}
    state |= {"blocks.0.mlp.W_in": normal(4 * D_MODEL, D_MODEL), "blocks.0.mlp.b_in": normal(4 * D_MODEL)}
    state["blocks.0.mlp.W_out"] = normal(D_MODEL, 4 * D_MODEL)
    torch.save(state, folder / "model_abc.pt")
    config = {"C": P, "d_model": D_MODEL, "n_heads": N_HEADS, "attn_coeff": 0.5, "act_fn": "ReLU", "epoch": 7}
    (folder / "config_abc.json").write_text(json.dumps(config))
    return folder


def write_pizza_linear(folder):
    names = {"embed.weight": (P, 8), "unembed.weight": (P, 12), "l1.weight": (12, 8), "l1.bias": (12,)}
    torch.save({name: normal(*shape) for name, shape in names.items()}, folder / "model_abc.pt")
    (folder / "config_abc.json").write_text(json.dumps({"C": P, "model_type": "A"}))
    return folder / "model_abc.pt"


def write_rep_theory(folder):
    torch.save(transformer(biases=False), folder / "model.pt")
    config = {"group": "CyclicGroup", "group_parameter": P, "frac_train": 0.4, "seed": 1, "num_epochs": 50}
    (folder / "cfg.json").write_text(json.dumps(config))
    return folder


def write_rep_theory_mlp(folder):
    write_rep_theory(folder)
    shapes = {"W_x": (P, 4), "W_y": (P, 4), "W": (8, D_MLP), "W_U": (D_MLP, P)}
    torch.save({name: normal(*shape) for name, shape in shapes.items()}, folder / "model.pt")
    return folder


def write_y_agent(folder):
    for step in (0, 400):
        weights = {"mlp.W_in": normal(D_MLP, P), "mlp.W_out": normal(P, D_MLP)}
        torch.save({"model": weights, "train_loss": 1.0, "test_loss": 2.0}, folder / f"{step}.pth")
    torch.save(([[0, 1], [2, 3], [4, 4]], [1, 0, 3]), folder / "train_data.pth")
    return folder


def write_bridge(folder):
    from groklens.models.published.old_weights import bridge_from_weights

    model = bridge_from_weights(transformer(), PLAIN)
    torch.save(
        {"model": dict(model.state_dict()), "config": {"lr": 1e-3}, "step": 40}, folder / "bridge.ckpt"
    )
    return folder / "bridge.ckpt"


def write_own(folder):
    state = gl.MLP(d_mlp=D_MLP, d_embed=4).build(gl.ModularArithmetic(P, "add"), seed=3).state_dict()
    torch.save({"model_state_dict": dict(state), "epoch": 7, "train_loss": 0.5}, folder / "own_7.pth")
    return folder / "own_7.pth"


def write_hugging_face(folder):
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=P + 1, n_positions=4)
    for step in (5, 10):
        GPT2LMHeadModel(config).save_pretrained(folder / f"checkpoint-{step}")
    return folder


def write_gguf(folder):
    sys.path.append(str(Path(__file__).parents[1]))  # a script among these tests knows its own folder alone
    from gguf_model import tiny_llama
    from gguf_model import write_gguf as write

    return write(folder / "tiny.gguf", tiny_llama(), "Q8_0")


@functools.cache
def _made(make):
    """A folder that lasts as long as the process, and where in it the files of a format begin."""
    folder = tempfile.TemporaryDirectory()
    return folder, make(Path(folder.name))


@dataclasses.dataclass(frozen=True)
class Format:
    """One format: how to make it, its torch, safetensors and JSON files, and what its files do not say."""

    reader: str
    make: Callable[[Path], Path]
    weights: tuple[str, ...]
    config: str | None = None
    task: Any = None
    #: What else its files do not say.
    said: dict[str, Any] = dataclasses.field(default_factory=dict)
    model: Any = None
    #: Where the last weights are in a torch file: keys and indices, outermost first.
    within: tuple[Any, ...] = ()
    #: Names that may be left out: biases that were never trained.
    optional: tuple[str, ...] = ()

    def write(self, folder):
        """Its files, made once, in a folder that is the test's own to damage."""
        made, path = _made(self.make)
        shutil.copytree(made.name, folder, dirs_exist_ok=True)
        return folder / path.relative_to(made.name)

    def load(self, path, **more):
        return gl.load(path, **{"task": self.task, "config": self.said, "model": self.model} | more)

    def at_every_step(self, path):
        run = self.load(path)
        return {step: run.at(step).logits for step in run.steps}


ADD = gl.ModularArithmetic(P, "add")
#: A model of the user's own, as it is made before the weights of a file go into it.
OWN = gl.MLP(d_mlp=D_MLP, d_embed=4).build(ADD, seed=0)
#: What no state dictionary of TransformerLens ≤ 3 says of a plain one-layer transformer.
PLAIN = {"act_fn": "relu", "normalization_type": None, "attention_dir": "causal"}
BIASES = ("blocks.0.mlp.b_in", "blocks.0.mlp.b_out")
FORMATS = {
    "grokking_demo": Format(
        "grokking_demo", write_grokking_demo, ("grokking_demo.pth",), within=("checkpoints", 1), optional=BIASES
    ),
    "hooked_transformer": Format(
        "hooked_transformer", write_hooked_transformer, ("hooked.pt",), None, ADD, PLAIN, optional=BIASES
    ),
    "hooked_safetensors": Format(
        "hooked_transformer", write_hooked_safetensors, ("hooked.safetensors",), None, ADD, PLAIN, optional=BIASES
    ),
    "hooked_bridge": Format(
        "hooked_transformer", write_bridge, ("bridge.ckpt",), None, ADD, PLAIN | {"n_heads": N_HEADS},
        within=("model",),
    ),
    "state_dict": Format(
        "state_dict", write_own, ("own_7.pth",), None, ADD, model=OWN, within=("model_state_dict",)
    ),
    "nanda": Format("nanda", write_nanda, ("nanda.pth",), within=("model",), optional=BIASES),
    "pizza": Format("pizza", write_pizza, ("model_abc.pt",), "config_abc.json"),
    "pizza_linear": Format("pizza", write_pizza_linear, ("model_abc.pt",), "config_abc.json"),
    "rep_theory": Format("rep_theory", write_rep_theory, ("model.pt",), "cfg.json"),
    "rep_theory_mlp": Format("rep_theory", write_rep_theory_mlp, ("model.pt",), "cfg.json"),
    "y_agent": Format("y_agent", write_y_agent, ("400.pth", "train_data.pth"), within=("model",)),
    "hugging_face": Format(
        "hugging_face", write_hugging_face, ("checkpoint-10/model.safetensors",), "checkpoint-10/config.json",
        gl.Probe([[1, 2, 3], [3, 4, 5]]),
    ),
    "gguf": Format("gguf", write_gguf, ("tiny.gguf",), None, gl.Probe([[1, 2, 3], [3, 4, 5]])),
}  # fmt: skip


def refused(form, path, file):
    """The one line that opening and looking gives."""
    with pytest.raises(GroklensError) as caught:
        form.at_every_step(path)
    message = str(caught.value)
    assert "\n" not in message, message
    assert "Traceback" not in message
    assert "weights_only=False" not in message
    assert Path(file).name in message, message
    assert len(message) < 700
    return message


def said(form, path):
    """What is said of files that may or may not be usable; any other error is none of ours."""
    try:
        form.at_every_step(path)
    except GroklensError as error:
        return str(error)
    return ""


def truncate(file):
    """The first half of a file."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
