"""The empirical neural tangent kernel of a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument


def neural_tangent_kernel(
    model: Any, inputs: Tensor, at: Tensor | None = None
) -> Float[Tensor, "input train"]:
    """K(x, x') = (1/C) Σ_c Σ_θ ∂f_c(x)/∂θ ∂f_c(x')/∂θ, mean over the C outputs; `at` × `inputs`, or among `inputs`.

    `model` is any torch module whose output is input × class, or input × position × class, read at the last
    position, such as `snapshot.model` on `snapshot.task.inputs`. Symmetric and positive semi-definite among inputs;
    large where training on one input would move the answer to the other. One backward pass an input and class: for
    small models and some hundreds of inputs. Source: Jacot et al. 2018 (arXiv:1806.07572); with `kernel_ridge`
    the network's linearisation at these weights. Raises `BadArgument` for a model without trainable weights.

    >>> kernel = neural_tangent_kernel(torch.nn.Linear(3, 1, bias=False), torch.eye(3))
    >>> kernel.tolist()  # linear: the inputs' own products
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise BadArgument(f"A {type(model).__name__} has no weights that require a gradient, so no tangents.")
    of_train = _tangents(model, parameters, inputs)
    of_at = repeat(None) if at is None else _tangents(model, parameters, at)
    products = [
        (train if other is None else other) @ train.T for train, other in zip(of_train, of_at, strict=False)
    ]
    return torch.stack(products).mean(dim=0)


def _tangents(
    model: Any, parameters: list[Tensor], inputs: Tensor
) -> Iterator[Float[Tensor, "input parameter"]]:
    """The gradients of one output after the other, float64: those of all at once would fill the memory."""
    with torch.enable_grad():
        outputs = model(inputs)
        outputs = outputs[:, -1] if outputs.ndim == 3 else outputs
        by_class = [output.unbind() for output in outputs.unbind(dim=1)]  # here, where gradients are kept
    for output in by_class:
        rows = [
            torch.autograd.grad(each, parameters, retain_graph=True, allow_unused=True) for each in output
        ]
        yield torch.stack([_flat(row, parameters) for row in rows])


def _flat(gradients: Sequence[Tensor | None], parameters: list[Tensor]) -> Float[Tensor, "parameter"]:
    parts = zip(gradients, parameters, strict=True)
    return torch.cat([(torch.zeros_like(p) if g is None else g).flatten().double() for g, p in parts])
