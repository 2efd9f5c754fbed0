"""Kernels of runs stacked, with inputs along the last axis, where every loop over them is over whole vectors.

What `row_kernels` does for a run by itself, with other rounding. A head is 8 numbers wide in a small model, an answer
one of 23: loops over so few are mostly beginnings and ends. Inputs are hundreds, and the products do not mind. Each is
made of what enters it and says what leaves it, then, asked once, the gradients of what entered: `one_layer` puts them
together.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.models.workspace import Workspace


class Attention:
    """Attention of stacked runs: `mixed` (run × feature × input) is Σ_key softmax_key(score) · value, in the workspace.

    `reads` says which row each input reads of each key. Of the last key that is the last row for all of them: as shares
    sum to one, what is added up is how other values differ from that one.
    """

    def __init__(
        self,
        scores: Float[Tensor, "run head row"],
        values: Float[Tensor, "run feature row"],
        reads: Int[Tensor, "run key input"],
        workspace: Workspace,
    ) -> None:
        n_heads, n_features = scores.shape[1], values.shape[1]
        n_runs, n_keys, n_inputs = reads.shape
        self._others, self._n_rows = reads[:, :-1].flatten(1), values.shape[2]
        self._of_keys = workspace.of((n_runs, n_heads, n_keys, n_inputs), scores)
        torch.gather(scores, 2, _of_each(reads.flatten(1), n_heads), out=self._of_keys.flatten(2))
        self._pattern = torch.softmax(self._of_keys, 2, out=workspace.of(self._of_keys.shape, scores))
        own, of_others = values[:, :, -1:], _of_each(self._others, n_features)
        read = torch.gather(values - own, 2, of_others, out=workspace.of(of_others.shape, values))
        self._read = read.view(n_runs, n_heads, -1, n_keys - 1, n_inputs)
        by_head = workspace.of((*self._read.shape[:3], n_inputs), values)
        so_far = own.view(*self._read.shape[:3], 1)
        for key in range(n_keys - 1):
            so_far = torch.addcmul(
                so_far, self._read[:, :, :, key], self._pattern[:, :, None, key], out=by_head
            )
        self.mixed = by_head.flatten(1, 2)

    def gradients(self, of_mixed: Float[Tensor, "run feature input"]) -> tuple[Tensor, Tensor]:
        """Gradients of the scores and the values."""
        by_head, others = of_mixed.view(*self._read.shape[:3], 1, -1), self._pattern[:, :, :-1]
        of_shares = torch.sum(self._read.mul_(by_head), 2, out=self._of_keys[:, :, :-1])
        total = of_shares.mul_(others).sum(dim=2, keepdim=True)
        of_scores = self._added(of_shares.addcmul_(others, total, value=-1))
        of_scores[:, :, -1] = -of_scores.sum(dim=2)
        of_values = self._added(torch.mul(by_head, others[:, :, None], out=self._read))
        of_values[:, :, -1] = of_mixed.sum(dim=2) - of_values.sum(dim=2)
        return of_scores, of_values

    def _added(self, of_read: Tensor) -> Float[Tensor, "run feature row"]:
        """The gradient of a table: for each row but the last, the sum over the inputs that read it."""
        columns = of_read.reshape(len(of_read), -1, self._others.shape[1])
        index = _of_each(self._others, columns.shape[1])
        return columns.new_zeros(*columns.shape[:2], self._n_rows).scatter_add_(2, index, columns)


class Neurons:
    """The MLP and readout of stacked runs: `output` is back·relu(into·X + b_into) + skip·X + b_skip, in the workspace.

    `into` and `skip` are a weight and its bias.
    """

    def __init__(
        self,
        mixed: Float[Tensor, "run feature input"],
        into: tuple[Float[Tensor, "run neuron feature"], Float[Tensor, "run neuron 1"]],
        skip: tuple[Float[Tensor, "run output feature"], Float[Tensor, "run output 1"]],
        back: Float[Tensor, "run output neuron"],
        workspace: Workspace,
    ) -> None:
        (w_into, b_into), (w_skip, b_skip), n_inputs = into, skip, mixed.shape[2]
        received = workspace.of((*w_into.shape[:2], n_inputs), mixed)
        self._neurons = torch.bmm(w_into, mixed, out=received).add_(b_into).relu_()
        skipped = workspace.of((*w_skip.shape[:2], n_inputs), mixed)
        self.output = torch.bmm(w_skip, mixed, out=skipped).add_(b_skip).baddbmm_(back, self._neurons)
        self._mixed, self._into, self._skip, self._back = mixed, w_into, w_skip, back
        self._workspace = workspace

    def gradients(
        self, of_output: Float[Tensor, "run output input"]
    ) -> tuple[Tensor, tuple[Tensor, Tensor], tuple[Tensor, Tensor], Tensor]:
        """Gradients of mixed, into, skip and back."""
        room, room_of_mixed = (self._workspace.of(each.shape, each) for each in (self._neurons, self._mixed))
        of_neurons = torch.bmm(self._back.mT, of_output, out=room)
        torch.ops.aten.threshold_backward.grad_input(of_neurons, self._neurons, 0, grad_input=of_neurons)
        of_mixed = torch.bmm(self._into.mT, of_neurons, out=room_of_mixed)
        return (
            of_mixed.baddbmm_(self._skip.mT, of_output),
            (torch.bmm(self._mixed, of_neurons.mT).mT, of_neurons.sum(dim=2, keepdim=True)),
            (torch.bmm(of_output, self._mixed.mT), of_output.sum(dim=2, keepdim=True)),
            torch.bmm(of_output, self._neurons.mT),
        )


def _of_each(reads: Tensor, n_features: int) -> Int[Tensor, "run feature read"]:
    return reads[:, None].expand(-1, n_features, -1)
