"""`patched_sums`: what a model answers in one language where the representation of a sum of the other is put in."""

from __future__ import annotations

import torch
import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.interventions.interchange import interchange
from groklens.models import Site
from groklens.runs import AnyRun, as_snapshot
from groklens.tasks import TwoLanguages

#: Whose sum the answer may be, in the order of the axis `source`.
SOURCES = ("put in", "own", "third")


def patched_sums(
    snapshot: AnyRun,
    hook: Site | str,
    pos: int | None = -1,
    given: str = "AA",
    taken: str = "BB",
    seed: int = 0,
) -> xr.Dataset:
    """What sums spoken `taken` are answered with where a site holds what other sums, spoken `given`, have there.

    Each sum gets the activation of another pair, drawn by `seed`, whose number is another. Gives two variables: along
    `source`, the share answered with the number that was `put in`, with the sum's `own`, and with that of a `third`
    pair, which nothing was taken from (the control: a share that many have by chance); and the share answered in
    `language` A or B. All in [0, 1]; numbers count in whichever language. Put in at 1: what passes there is the sum in
    a form that both languages read. Own at 1: the site carries nothing of it. At a site that everything passes, such as
    the last layer's residual stream, put in says only what the given language gets right. Raises `BadArgument` where
    the task is not of two languages.

    >>> import groklens as gl
    >>> task = TwoLanguages(p=7)
    >>> model = gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=8).build(task, seed=0)
    >>> patched_sums(gl.Snapshot(model, task), "blocks.0.hook_mlp_out")["share"].sizes["source"]
    3
    """
    snapshot = as_snapshot(snapshot)
    task = snapshot.task
    if not isinstance(task, TwoLanguages):
        raise BadArgument(f"{task.name} is not said in two languages; train on gl.tasks.TwoLanguages(p=23).")
    into, others = task.rows("sum", taken), _other_pairs(task, seed)
    source = torch.arange(len(task.inputs))
    source[into] = task.rows("sum", given)[others[0]]
    said = interchange(snapshot, hook, source, pos).logits[into].argmax(dim=1)
    own = task.labels[into] % task.p
    numbers = dict(zip(SOURCES, (own[others[0]], own, own[others[1]]), strict=True))
    shares = [float((said % task.p == number).double().mean()) for number in numbers.values()]
    in_b = float((said >= task.p).double().mean())
    table = xr.Dataset(coords={"source": list(SOURCES), "language": ["A", "B"]})
    for name, along, values, called in (
        ("share", "source", shares, "answered with the number"),
        ("spoken", "language", [1 - in_b, in_b], "answered in the language"),
    ):
        table[name] = (along, values, {"long_name": called, "units": "share of sums"})
    return table


def _other_pairs(task: TwoLanguages, seed: int) -> Int[Tensor, "2 pair"]:
    """For every pair two others, whose sums are three different numbers."""
    generator, p = torch.Generator().manual_seed(seed), task.p
    a, b = torch.cartesian_prod(torch.arange(p), torch.arange(p)).unbind(dim=1)
    first = torch.randint(1, p, (p**2,), generator=generator)
    second = (first + torch.randint(1, p - 1, (p**2,), generator=generator) - 1) % (p - 1) + 1
    kept = torch.randint(
        p, (2, p**2), generator=generator
    )  # the first operand is any, and the second follows
    return torch.stack(
        [x * p + (a + b + shift - x) % p for x, shift in zip(kept, (first, second), strict=True)]
    )
