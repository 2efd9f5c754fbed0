"""One layer of a transformer in the fast pass: on residuals that stand once for all inputs that share them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from groklens.models.fast_pass.grid import Grid, GridPass, grid_pass
from groklens.models.fast_pass.row_kernels import mix, relu_block
from groklens.models.fast_pass.rows import Rows
from groklens.models.workspace import Workspace

#: From a model's parameter to its values, run × …: `lambda p: p[None]` for a model by itself.
Weights = Callable[[nn.Parameter], Tensor]
Answer = tuple[Float[Tensor, "run input answer"], Float[Tensor, "run input neuron"] | None]


class Layer:
    """One transformer layer on residuals, a `Rows` a position."""

    def __init__(self, layer: Any, of: Weights, workspace: Workspace) -> None:
        self.of, self.workspace = of, workspace
        self.ln1, self.attention = unwrap(layer.ln1), unwrap(layer.attn)
        self.ln2 = unwrap(layer.ln2) if hasattr(layer, "mlp") else nn.Identity()
        self.mlp = unwrap(layer.mlp) if hasattr(layer, "mlp") else None

    @property
    def is_linear_outside_neurons(self) -> bool:
        """Whether nothing but its neurons stands between attention's values and the layer's output."""
        return isinstance(self.ln2, nn.Identity)

    def whole(self, residuals: list[Rows]) -> list[Rows]:
        """The residuals after the layer, by position."""
        mixed = [self.attend(residuals, query) for query in range(len(residuals))]
        return [self.after(residual, z)[0] for residual, z in zip(residuals, mixed, strict=True)]

    def attend(self, residuals: list[Rows], query: int) -> Rows:
        """The values that position `query` reads, mixed by its pattern, before W_O."""
        normed = self._normed(residuals, query)
        values = [self._project("v", residual) for residual in normed]
        if len(values) == 1:
            return values[0]
        return Rows(mix(self._pattern(normed, query), values, self.workspace))

    def pattern(self, residuals: list[Rows], query: int) -> Float[Tensor, "key run input head"]:
        """What position `query` attends to, of the keys that it sees."""
        return self._pattern(self._normed(residuals, query), query)

    def read_from(self, residuals: list[Rows], query: int) -> Float[Tensor, "key run input feature"]:
        """What position `query` reads from each key: its share of the pattern times its value, head after head."""
        normed = self._normed(residuals, query)
        pattern = self._pattern(normed, query)[..., None]
        values = [
            self._project("v", key).each().unflatten(-1, (self.attention.n_heads, -1)) for key in normed
        ]
        return torch.stack(
            [(share * value).flatten(-2) for share, value in zip(pattern, values, strict=True)]
        )

    def _normed(self, residuals: list[Rows], query: int) -> list[Rows]:
        """The residuals that `query` may attend to, normed."""
        seen = residuals[: query + 1] if self.attention.causal else residuals
        return [residual.map(lambda values: normalise(self.ln1, self.of, values)) for residual in seen]

    def _pattern(self, normed: list[Rows], query: int) -> Float[Tensor, "key run input head"]:
        q = self._project("q", normed[query])
        scores = [self._scores(q, self._project("k", residual)) for residual in normed]
        return torch.stack(torch.broadcast_tensors(*scores)).softmax(dim=0)

    def attend_last(self, residuals: list[Rows]) -> Rows:
        """The values that the answer's position reads."""
        return self.attend(residuals, len(residuals) - 1)

    def after(self, residual: Rows, z: Rows) -> tuple[Rows, Tensor | None]:
        """The residual after the layer, and the MLP's activations where it has one."""
        mid = self._after_attention(residual, z)
        if self.mlp is None:
            return mid, None
        normed = normalise(self.ln2, self.of, mid.values)
        out, neurons = self._neurons(
            normed, *self._weights(self.mlp.fc_in), self._weights(self.mlp.fc_out)[0]
        )
        bias = self._weights(self.mlp.fc_out)[1]
        return Rows(mid.values + out + bias, mid.index), neurons

    def readout(self, residual: Rows, z: Rows, head: Tensor) -> Answer:
        """Logits straight from the mixed values, or from the residual that attention left."""
        weight, bias, back = self._folded(self._padded(head))
        rows = z.each()
        if residual.is_constant:
            weight, bias = self._from_values(residual, weight, bias)
        else:
            rows = self._after_attention(residual, z).each()
        if back is None:
            return torch.baddbmm(bias, rows, weight.mT), None
        return self._neurons(rows, weight, bias, back)

    def on_grid(self, residuals: list[Rows], head: Tensor, grid: Grid) -> GridPass:
        """`readout` of inputs of one run that stand on a grid of two operands."""
        weight, bias, back = self._folded(self._padded(head))
        weight, bias = self._from_values(residuals[-1], weight, bias)
        by_head = weight[0].unflatten(-1, (self.attention.n_heads, -1)).permute(1, 2, 0)
        scores, values = self._tables(residuals)
        tables = [
            value.values[0].unflatten(-1, (self.attention.n_heads, -1)).transpose(0, 1) @ by_head
            for value in values
        ]
        act = None if self.mlp is None else self.mlp.act
        of_keys = [score.values[0] for score in scores]
        return grid_pass(of_keys, tables, bias[0, 0], None if back is None else back[0], act, grid)

    def _tables(self, residuals: list[Rows]) -> tuple[list[Rows], list[Rows]]:
        """Scores and values of every key, in the rows of its residual, where the last query is one for all inputs."""
        normed = self._normed(residuals, len(residuals) - 1)
        q = self._project("q", normed[-1]).values
        keys, values = ([self._project(name, each) for each in normed] for name in "kv")
        return [key.map(lambda rows: self._score(q, rows)) for key in keys], values

    def received(self, residual: Rows, z: Rows, only: Tensor | None) -> Tensor:
        """What the neurons receive, or `only` some of them, in every input."""
        assert self.mlp is not None
        weight, bias = self._weights(self.mlp.fc_in)
        if only is not None:
            weight, bias = weight[:, only], bias[..., only]
        if residual.is_constant and self.is_linear_outside_neurons:  # as in `readout`
            weight, bias = self._from_values(residual, weight, bias)
            return torch.baddbmm(bias, z.each(), weight.mT)
        mid = self._after_attention(residual, z).map(lambda values: normalise(self.ln2, self.of, values))
        return torch.baddbmm(bias, mid.each(), weight.mT)

    def _padded(self, head: Tensor) -> Tensor:
        """Rows of whole vectors make the products with neurons faster; logits beyond the classes are cut off again."""
        return head if self.mlp is None else F.pad(head, (0, 0, 0, -head.shape[1] % 8))

    def _from_values(self, residual: Rows, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """What reads a constant residual after attention, as what reads attention's values: W_O is a factor then."""
        into_residual, constant = self._weights(self.attention.o)
        return weight @ into_residual, bias + (residual.values + constant) @ weight.mT

    def _folded(self, head: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """W_in above W_U and their biases, and W_L: what neurons and logits read, and neurons write."""
        if self.mlp is None:
            return head, head.new_zeros(len(head), 1, head.shape[1]), None
        (w_in, b_in), (w_out, b_out) = self._weights(self.mlp.fc_in), self._weights(self.mlp.fc_out)
        return torch.cat([w_in, head], dim=1), torch.cat([b_in, b_out @ head.mT], dim=2), head @ w_out

    def _neurons(self, rows: Tensor, weight: Tensor, bias: Tensor, back: Tensor) -> tuple[Tensor, Tensor]:
        """`relu_block`, for whichever activation the MLP has."""
        assert self.mlp is not None
        if self.mlp.act is F.relu:
            return relu_block(rows, weight, bias, back, self.workspace)
        both = torch.baddbmm(bias, rows, weight.mT)
        neurons = self.mlp.act(both[..., : back.shape[2]])
        out = neurons @ back.mT
        return (out + both[..., back.shape[2] :] if weight.shape[1] > back.shape[2] else out), neurons

    def _after_attention(self, residual: Rows, z: Rows) -> Rows:
        weight, bias = self._weights(self.attention.o)
        written = z.map(lambda values: torch.baddbmm(bias, values, weight.mT))
        if written.index is residual.index and written.values.shape[1] == residual.values.shape[1]:
            return Rows(residual.values + written.values, residual.index)
        return Rows(residual.each() + written.each())

    def _project(self, name: str, normed: Rows) -> Rows:
        weight, bias = self._weights(getattr(self.attention, name))
        return normed.map(lambda values: torch.baddbmm(bias, values, weight.mT))

    def _scores(self, q: Rows, k: Rows) -> Float[Tensor, "run input head"]:
        if q.is_constant:  # one query for all: scores are a table too
            return k.map(lambda values: self._score(q.values, values)).each()
        return self._score(q.each(), k.each())

    def _score(self, q: Tensor, k: Tensor) -> Tensor:
        return (q * k).unflatten(-1, (self.attention.n_heads, -1)).sum(dim=-1) / self.attention.scale

    def _weights(self, linear: Any) -> tuple[Tensor, Tensor]:
        """A torch linear's weight, run × out × in, and bias, run × 1 × out."""
        linear = unwrap(linear)
        return self.of(linear.weight), self.of(linear.bias)[:, None]


def normalise(norm: Any, of: Weights, values: Tensor) -> Tensor:
    """`norm` of each row, with the scale and the shift of its run."""
    if isinstance(norm, nn.LayerNorm):
        normed = F.layer_norm(values, norm.normalized_shape, eps=norm.eps)
        return normed * of(norm.weight)[:, None] + of(norm.bias)[:, None]
    if hasattr(norm, "weight"):  # RMS: the scale comes last, and broadcasts over rows
        return torch.func.functional_call(norm, {"weight": of(norm.weight)[:, None]}, (values,))
    return norm(values)


def unwrap(component: Any) -> Any:
    """The torch module inside a bridge component; bridges wrap components, sometimes twice."""
    while hasattr(component, "_original_component"):
        component = component._original_component
    return component
