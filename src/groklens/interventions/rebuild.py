"""Rebuilding a model as the network of pure waves that its neurons show: its latent algorithm."""

from __future__ import annotations

from jaxtyping import Int
from torch import Tensor

from groklens.hypotheses import AnyCircuit, as_circuit, rebuilt
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot


def rebuild(
    snapshot: AnyRun, circuit: AnyCircuit, relabelled: Int[Tensor, "element"] | None = None
) -> Snapshot:
    """The model's latent algorithm as a network: every neuron of the last MLP a pure wave of one of the frequencies.

    Each neuron keeps its activation function act, the one frequency k of the circuit that it reads most (w = 2πk/n),
    and the amplitudes and phases of what it reads and writes there: it becomes
    act(c + A cos(wx + φ) + A′ cos(wy + φ′) + A₊ cos(w(x+y) + φ₊) + A₋ cos(w(x−y) + φ₋)), less its mean over all inputs,
    and writes B cos(wz + ψ) to every answer z. A₊ and A₋ are 0 in an MLP that adds its operands; attention makes
    them. Everything else is gone: other frequencies, biases of answers, the residual stream beside the neurons. The
    network has hooks and a W_U, so that measures take it as they take any model, and `gl.explain` too.

    No label is used, and ψ is read from the readout and not put to φ + φ′. Even so a rebuilt network may know more than
    its model: hold it against `gl.measures.RebuiltAccuracy(control=…)`, and `relabelled`, which renames the group's
    elements before the extraction. Source: arXiv:2603.23784 (abstract), whose MLP so rebuilt scores 95.5 %
    and itself 0.23 %; the form is ours. Raises `BadArgument` for a group that is not cyclic, a model without
    neurons, their inputs (`hook_pre`) and a linear readout, or neurons of an activation function that is not known.

    >>> from groklens.hypotheses import planted
    >>> from groklens.tasks import ModularArithmetic
    >>> task = ModularArithmetic(13, "add")
    >>> pizza = Snapshot(planted(task, [2, 5], "pizza"), task)
    >>> bool((rebuild(pizza, [2, 5]).logits.argmax(dim=1) == task.labels).all())
    True
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    return rebuilt(snapshot, as_circuit(circuit, snapshot.task), relabelled)
