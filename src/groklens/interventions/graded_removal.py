"""`graded`: accuracy and loss while a growing share of a circuit is removed, beside random removals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
import xarray as xr

from groklens.claims import DRAWS
from groklens.hypotheses import AnyCircuit, as_circuit
from groklens.interventions.patch import LOGITS
from groklens.interventions.project import remove
from groklens.measures import all_accuracy, loss
from groklens.runs import AnyRun, as_snapshot


def graded(
    snapshot: AnyRun,
    circuit: AnyCircuit,
    at: str = LOGITS,
    amounts: Sequence[float] | float = (0, 0.25, 0.5, 0.75, 1),
    draws: int = DRAWS,
    seed: int = 0,
) -> xr.Dataset:
    """Accuracy and loss over all inputs as a growing share of a circuit is removed, beside random removals.

    A table by `amount` (the share removed) and, for the controls, `draw`: `accuracy`, `loss`, and
    `accuracy_relabelled`, `loss_relabelled`, where the components are those of the group's elements in random
    order: as many dimensions, no meaning. `at` as for `remove`; its errors are raised.

    >>> graded(run.final, gl.Circuit("C113", [14, 35]), at="neurons")  # doctest: +SKIP
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    circuit = as_circuit(circuit, snapshot.task)
    generator = torch.Generator().manual_seed(seed)
    orders = [torch.randperm(circuit.group.order, generator=generator) for _ in range(draws)]
    amounts = amounts if isinstance(amounts, Iterable) and not isinstance(amounts, str) else [amounts]
    own = [remove(snapshot, circuit, at, amount) for amount in amounts]
    random = [[remove(snapshot, circuit, at, amount, order) for order in orders] for amount in amounts]
    table = xr.Dataset(coords={"amount": ("amount", list(amounts)), "draw": ("draw", list(range(draws)))})
    for name, measure in (("accuracy", all_accuracy), ("loss", loss)):
        attributes = measure.about.attributes()
        table[name] = ("amount", [measure(each) for each in own], attributes)
        relabelled = [[measure(each) for each in row] for row in random]
        table[f"{name}_relabelled"] = (("amount", "draw"), relabelled, attributes)
    table["amount"].attrs = {"long_name": f"share of the circuit removed from the {at}", "units": "share"}
    table.attrs["circuit"] = str(circuit)
    return table
