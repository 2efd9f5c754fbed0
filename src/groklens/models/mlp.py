"""`gl.MLP`: the specification of a one-hidden-layer perceptron on the operands, as in the literature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from groklens.errors import BadArgument, whole_fields
from groklens.models.activations import MLP_ACTIVATIONS
from groklens.models.device import check_device
from groklens.models.init import MLP_SCHEMES, check_scheme, initialise, initialise_uniform
from groklens.models.sizes import allocating, check_description, check_weights, mlp_bytes
from groklens.parts import LATER
from groklens.tasks import Task, check_task, check_tokens
from groklens.value_checks import choice, flag_fields, number_fields

if TYPE_CHECKING:
    from groklens.models.hooked_mlp import HookedMLP


#: How the operands' terms are put together.
COMBINATIONS = ("concat", "sum", "product")


@dataclass(frozen=True, kw_only=True)
class MLP:
    """A one-hidden-layer network on the operands; `build(task, seed)` makes a `HookedRootModule`.

    Operands enter as learned embeddings of size `d_embed`, or as one-hots when it is None; `combine` is
    `"concat"` (each operand has weights of its own), `"sum"` (they share them) or `"product"` (own weights, and
    the terms are multiplied: a bilinear network). A task of features enters as it is, as one operand: `d_embed` is None
    then. `act_fn` is `"relu"`, `"gelu"`, `"quadratic"` (x², Gromov 2023) or `"identity"`.
    `init` is `"nanda"` or `"gpt2"`, of biases that start at zero, or `"uniform"`: weights and biases in ±1/√fan_in, as
    `torch.nn.Linear` draws them; `init_scale` multiplies what is drawn: large weights memorise before they generalise
    (Liu et al. 2023, Omnigrok). A separator token is not read. Raises `BadArgument` for other values.

    >>> MLP(d_mlp=128, d_embed=None, combine="sum", act_fn="quadratic").d_mlp
    128
    """

    d_mlp: int = 512
    d_embed: int | None = 128
    combine: str = "concat"
    act_fn: str = "relu"
    bias: bool = True
    init: str = "nanda"
    init_scale: float = field(default=1.0, metadata=LATER)

    def __post_init__(self) -> None:
        """Refuse values that name no such network."""
        check_scheme(self.init, MLP_SCHEMES)
        number_fields(self, "init_scale", above=0, such_as="1.0")
        choice("combine", self.combine, COMBINATIONS)
        choice("act_fn", self.act_fn, MLP_ACTIVATIONS)
        flag_fields(self, "bias")
        whole_fields(self, *(["d_mlp"] if self.d_embed is None else ["d_mlp", "d_embed"]), least=1)
        check_description("This MLP", self._bytes(1, 2, 2))

    def _bytes(self, n_operands: int, d_vocab: int, d_vocab_out: int) -> int:
        """Bytes of the weights for a task of these sizes; features count as tokens do, a row of W_in each."""
        return mlp_bytes(
            n_operands=1 if self.combine == "sum" else n_operands,
            width=self.d_embed or d_vocab,
            d_mlp=self.d_mlp,
            d_vocab=d_vocab,
            d_vocab_out=d_vocab_out,
            embeds=self.d_embed is not None,
        )

    def build(self, task: Task, seed: int, device: str = "cpu") -> HookedMLP:
        """The module for `task`'s operands and answers, initialised from `seed` alone."""
        from groklens.models.hooked_mlp import HookedMLP

        check_task(task)
        place, n_rows = check_device(device), self._rows_of(task)
        check_weights("This MLP", self._bytes(task.n_operands, n_rows, task.d_vocab_out))
        with allocating("this MLP"), torch.random.fork_rng(devices=[]):
            module = HookedMLP(
                n_operands=task.n_operands,
                positions=task.operand_positions,
                d_vocab=task.d_vocab,
                d_in=task.d_in,
                d_vocab_out=task.d_vocab_out,
                d_mlp=self.d_mlp,
                d_embed=self.d_embed,
                combine=self.combine,
                act_fn=self.act_fn,
            )
        with allocating("this MLP"):
            self._initialise(module, task, seed)
        self.freeze(module)
        return module.to(place)

    def freeze(self, module: HookedMLP) -> None:
        """Let nothing train in a model of this specification that it does not train: biases without `bias`."""
        for bias in (module.b_in, module.b_U):
            bias.requires_grad_(self.bias)

    def _initialise(self, module: HookedMLP, task: Task, seed: int) -> None:
        named = list(module.named_parameters())
        if self.init != "uniform":
            width = module.W_in.shape[1]
            sizes = {"d_model": width, "d_vocab": task.d_vocab_out}
            initialise(named, self.init, **sizes, seed=seed, times=self.init_scale)
            return
        sources, width, _ = module.W_in.shape
        into_neurons = width * (sources if self.combine == "concat" else 1)
        fan_in = {"W_E": task.d_vocab or 0, "W_in": into_neurons, "b_in": into_neurons}
        initialise_uniform(
            [(one, fan_in.get(name, self.d_mlp)) for name, one in named], seed, self.init_scale
        )
        if not self.bias:
            torch.nn.init.zeros_(module.b_in)
            torch.nn.init.zeros_(module.b_U)

    def _rows_of(self, task: Task) -> int:
        """How many rows one operand has in W_in without embeddings: its tokens, or the task's features."""
        if task.d_in is None:
            return check_tokens(task, "embeddings")
        if self.d_embed is not None:
            raise BadArgument(
                f"The inputs of {task.name} are {task.d_in} features, which have no embeddings; take them as they are: "
                "gl.MLP(d_embed=None)."
            )
        return task.d_in
