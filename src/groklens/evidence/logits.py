"""Sufficiency and necessity of a circuit at the logits and in the read-out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.claims import Control, Finding, judge_keeping, judge_removal
from groklens.evidence.random_controls import accuracy_left, random_control
from groklens.harmonics import chosen_basis, nontrivial
from groklens.hypotheses import Circuit
from groklens.snapshots import Snapshot, accuracy_if, logit_means

Draw = Callable[[torch.Generator], Float[Tensor, "input answer"]]
#: Draws by the key and the name of the control that they make.
Draws = dict[tuple[str, str], Draw]
#: Controls that draw from the functions of answer or class, of which a circuit of every component leaves none.
_OF_THE_GROUP = ("random_answer_functions", "random_class_functions")


def sufficiency(snapshot: Snapshot, circuit: Circuit) -> Finding:
    """The claim that the circuit's part of the logits alone keeps the accuracy over all inputs.

    Supported when no more than 0.01 is lost and every control keeps less: random subspaces of equal
    dimension, of all functions of the inputs and of functions of the answer alone, and a random function of
    the answer of equal energy (20 draws each). Undecided when a control keeps as much, as happens where the
    circuit is most of a small group, and when the circuit is every component: then the claim is vacuous.
    """
    logits = snapshot.logits.double()
    constant, part = logits.mean(dim=0), circuit.project(logits, snapshot.task)
    whole, value = accuracy_if(snapshot, logits), accuracy_if(snapshot, part + constant)
    draws: Draws = {
        ("random_subspace", "random subspace kept"): lambda g: _random_part(snapshot, circuit, g) + constant,
        ("random_answer_functions", "random functions of the answer kept"): lambda g: (
            _random_answer_part(snapshot, circuit, g) + constant
        ),
        ("equal_energy", "random function of the answer, equal energy"): lambda g: _random_answers(
            snapshot, circuit, part, g
        ),
    }
    controls = [_control(named, snapshot, draw) for named, draw in _possible(draws, circuit).items()]
    verdict, note = judge_keeping(value, whole, controls)
    if circuit.is_everything and verdict != "refuted":
        verdict, note = "undecided", "vacuous: the circuit is every component, so nothing is left out"
    return Finding(
        "keeping only the circuit's part of the logits keeps the accuracy",
        value,
        "accuracy",
        verdict,
        tuple(controls),
        source="Nanda et al. 2023, section 5, against random subspaces",
        note=note,
        key="sufficiency.logits",
    )


def necessity(snapshot: Snapshot, circuit: Circuit) -> Finding:
    """The claim that accuracy over all inputs falls towards chance without the circuit's functions of the answer.

    Supported when accuracy falls at least half of the way to chance and below every control: removing random
    subspaces of equal dimension, of all functions of the inputs and of functions of the answer alone, and
    adding random perturbations of the removed part's energy (20 draws each). What remains is compared at the
    resolution of float32: logits that agree to within it share the credit. Refuted when accuracy falls less,
    undecided when a control falls as far.

    A pizza's logits also depend on the operands' difference, which this leaves in: see `readout_necessity`.
    """
    logits = snapshot.logits.double()
    removed = circuit.project(logits, snapshot.task)
    draws: Draws = {
        ("random_subspace", "random subspace removed"): lambda g: logits - _random_part(snapshot, circuit, g),
        ("random_answer_functions", "random functions of the answer removed"): lambda g: (
            logits - _random_answer_part(snapshot, circuit, g)
        ),
        ("equal_energy", "random change of equal energy"): lambda g: logits + _noise_like(removed, g),
    }
    claim = "removing the circuit's part of the logits takes the accuracy towards chance"
    return _falls("necessity.logits", claim, snapshot, circuit, removed, draws)


def readout_necessity(snapshot: Snapshot, circuit: Circuit) -> Finding:
    """The claim that accuracy falls towards chance without the circuit's components in the logits over classes.

    The logits of each input, as a function of the class, lose their part in the circuit's components, however
    it depends on the operands: it takes a pizza's fading waves as well as a clock's. Judged as `necessity`,
    against random subspaces of equal dimension of the functions of the class, and against equal energy.
    """
    logits, n = snapshot.logits.double(), circuit.group.order
    everything = torch.cat([part.basis for part in nontrivial(circuit.group).values()], dim=1)

    def within(basis: Tensor) -> Tensor:
        part = torch.zeros_like(logits)
        part[:, :n] = (logits[:, :n] @ basis) @ basis.T
        return part

    removed = within(chosen_basis(circuit.group, circuit.components))
    draws: Draws = {
        ("random_class_functions", "random functions of the class removed"): lambda g: (
            logits - within(_rotated(everything, circuit.size, g))
        ),
        ("equal_energy", "random change of equal energy"): lambda g: logits + _noise_like(removed, g),
    }
    claim = "removing the circuit's components from what is read out takes the accuracy towards chance"
    return _falls("necessity.readout", claim, snapshot, circuit, removed, draws)


def _falls(
    key: str, claim: str, snapshot: Snapshot, circuit: Circuit, removed: Tensor, draws: Draws
) -> Finding:
    """The finding that accuracy falls when `removed` is taken from the logits, further than with random controls."""
    logits = snapshot.logits.double()
    whole, chance = accuracy_if(snapshot, logits), 1 / snapshot.task.d_vocab_out
    value = accuracy_left(snapshot, logits - removed)
    controls = [_control(named, snapshot, draw) for named, draw in _possible(draws, circuit).items()]
    verdict, note = judge_removal(value, whole, chance, controls)
    if circuit.is_everything:
        note += "; the circuit is every component, so no other functions could be drawn"
    return Finding(
        claim,
        value,
        "accuracy",
        verdict,
        tuple(controls),
        source="Nanda et al. 2023, section 5, against random subspaces and equal energy",
        note=note,
        key=key,
    )


def _possible(draws: Draws, circuit: Circuit) -> Draws:
    """The controls that can be drawn: no other functions of answer or class exist where the circuit has them all."""
    return {k: v for k, v in draws.items() if k[0] not in _OF_THE_GROUP or not circuit.is_everything}


def _control(named: tuple[str, str], snapshot: Snapshot, draw: Draw) -> Control:
    key, name = named
    return random_control(name, lambda generator: accuracy_if(snapshot, draw(generator)), key=key)


def _random_part(snapshot: Snapshot, circuit: Circuit, generator: torch.Generator) -> Tensor:
    """The logits' projection onto a random subspace, of the circuit's dimension, of all functions of the inputs."""
    logits = snapshot.logits.double()
    draw = torch.randn(len(logits), circuit.size, generator=generator, dtype=torch.float64)
    basis = torch.linalg.qr(draw).Q
    return basis @ (basis.T @ logits)


def _random_answer_part(snapshot: Snapshot, circuit: Circuit, generator: torch.Generator) -> Tensor:
    """The logits' projection onto a random subspace, of the circuit's dimension, of functions of the answer."""
    symmetry = circuit.symmetry(snapshot.task)
    everything = torch.cat([part.basis for part in nontrivial(circuit.group).values()], dim=1)
    basis = _rotated(everything, circuit.size, generator)
    return (basis @ (basis.T @ logit_means(snapshot, symmetry)))[symmetry.products]


def _rotated(functions: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """An orthonormal basis of a random subspace, of dimension `size`, of the span of orthonormal `functions`."""
    draw = torch.randn(functions.shape[1], size, generator=generator, dtype=torch.float64)
    return functions @ torch.linalg.qr(draw).Q


def _random_answers(
    snapshot: Snapshot, circuit: Circuit, part: Tensor, generator: torch.Generator
) -> Float[Tensor, "input answer"]:
    symmetry = circuit.symmetry(snapshot.task)
    values = torch.randn(circuit.group.order, part.shape[1], generator=generator, dtype=torch.float64)
    whole = values[symmetry.products]
    return whole * (part.norm() / whole.norm())


def _noise_like(part: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(part.shape, generator=generator, dtype=torch.float64)
    return noise * (part.norm() / noise.norm())
