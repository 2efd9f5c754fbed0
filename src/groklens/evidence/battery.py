"""The causal battery: what keeping or removing a hypothesis does to the accuracy, beside draws without its meaning.

Sufficiency and necessity are one claim each, whatever the hypothesis and wherever it is tried: a `Check` says what is
done at which site, `judged` does it, draws the controls that the hypothesis names, and gives the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.claims import DRAWS, Control, Finding, Role, judge_keeping, judge_removal
from groklens.errors import BadArgument
from groklens.evidence.still_answered import still_answered
from groklens.hypotheses import (
    SITES,
    Act,
    Circuit,
    Hypothesis,
    Neurons,
    Null,
    OfAnswer,
    Part,
    constant_at,
    hooks_at,
    said_at,
)
from groklens.interventions import is_linear, logits_after
from groklens.models import tied_accuracy
from groklens.progress import each
from groklens.snapshots import Snapshot, accuracy_if, accuracy_if_by_answer, judged_by
from groklens.threads import each_beside

#: A model less than this share of the way from chance to all correct has learned too little for a verdict on how.
HARDLY = 0.1
_LITTLE = "the whole model is hardly above chance, so there is little to explain"
_OF_ITS_SIZE = "kept or removed at one site, against draws of equal size and of equal energy"


@dataclass(frozen=True)
class Check:
    """One question about a hypothesis: what is done with it, at which site, and what is claimed of the accuracy.

    `key` is `sufficiency.…` or `necessity.…` with the name of the site, `activation` for a hook, unless said otherwise.
    """

    act: Act
    site: str
    claim: str
    source: str
    role: Role = "prediction"
    named: str = ""

    @property
    def key(self) -> str:
        """The key of its finding."""
        of_site = self.site if self.site in SITES else "activation"
        return f"{'sufficiency' if self.act == 'keep' else 'necessity'}.{self.named or of_site}"


def judged(
    snapshot: Snapshot, hypothesis: Hypothesis, check: Check, fixed: Sequence[Control] = ()
) -> Finding:
    """The finding of one check: the accuracy over all inputs, its controls, and the verdict.

    Sufficiency: supported when no more than 0.01 is lost and every control keeps less. Necessity: supported when
    accuracy falls at least half of the way to chance and below every control, and where a model answers its test
    inputs that on those too (`still_answered`). Controls are 20 draws of each of the hypothesis' nulls, and those of
    `fixed`. Accuracies are compared at the resolution of float32: logits that agree to within it share the credit.
    Undecided when a control does as well, none could be drawn, or the model is hardly above chance.
    """
    trial = _Trial(snapshot, hypothesis, check)
    return trial.finding([*map(trial.control, trial.nulls), *fixed])


def judged_together(snapshot: Snapshot, hypothesis: Hypothesis, checks: Sequence[Check]) -> list[Finding]:
    """The findings of `judged`, to the bit, with the noise that controls of several checks share drawn once for all."""
    trials = [_Trial(snapshot, hypothesis, check) for check in checks]
    asked = [(trial, null) for trial in trials for null in trial.nulls]
    shapes = [null.noise.shape for _, null in asked if null.noise is not None]
    found: dict[int, Control] = {}
    for shape in {shape for shape in shapes if shapes.count(shape) > 1}:
        sharing = [at for at, (_, null) in enumerate(asked) if null.noise and null.noise.shape == shape]
        found.update(zip(sharing, _of_one_noise([asked[at] for at in sharing]), strict=True))
    controls = [found[at] if at in found else trial.control(null) for at, (trial, null) in enumerate(asked)]
    ends = accumulate(len(trial.nulls) for trial in trials)
    return [
        trial.finding(controls[end - len(trial.nulls) : end]) for trial, end in zip(trials, ends, strict=True)
    ]


class _Trial:
    """A check of a hypothesis: what is left when a part is kept or removed, and the finding that follows."""

    def __init__(self, snapshot: Snapshot, hypothesis: Hypothesis, check: Check) -> None:
        self._snapshot, self._hypothesis, self._check = snapshot, hypothesis, check
        self.nulls = hypothesis.nulls(check.act, check.site, snapshot)
        #: Whether draws are looked at in other threads.
        self.beside = _runs_no_model(snapshot, hypothesis, check)

    def left(self, part: Part) -> float:
        """The accuracy with a draw kept or removed."""
        snapshot, check = self._snapshot, self._check
        if isinstance(part, OfAnswer) and (check.act, check.site) == ("keep", "logits"):
            return accuracy_if_by_answer(
                snapshot, constant_at("logits", snapshot) + part.by_answer(snapshot), part.symmetry
            )
        # Random changes of the logits themselves, in float64, leave nothing tied; what is computed from them may.
        of_draws = accuracy_if if check.site in ("logits", "readout") else accuracy_left
        return of_draws(snapshot, self._logits(part))

    def control(self, null: Null) -> Control:
        """A control: each of the parts there are, or 20 random draws."""
        if null.every:  # fewer than draws would be: each once
            values = [self.left(part) for part in null.every]
            every = f"all {len(values)} there are" if len(values) > 1 else "the only one there is"
            return Control.of(f"{null.name} ({every})", values, key=null.key)
        return random_control(null, self.left, beside=self.beside)

    def finding(self, controls: Sequence[Control]) -> Finding:
        """The accuracy that the hypothesis leaves, and the verdict beside its controls."""
        snapshot, check = self._snapshot, self._check
        whole, chance = accuracy_if(snapshot, snapshot.logits), 1 / snapshot.task.d_vocab_out
        logits = self._logits(self._hypothesis)
        value = accuracy_left(snapshot, logits)
        if check.act == "keep":
            verdict, note = judge_keeping(value, whole, controls)
        else:
            verdict, note = judge_removal(value, whole, chance, controls)
            on_test = accuracy_left(snapshot, logits, snapshot.test_index)
            if verdict == "supported" and (still := still_answered(snapshot, on_test, chance)):
                verdict, note = "refuted", f"{note}; {still}"
        if verdict == "supported" and whole < chance + HARDLY * (1 - chance):
            verdict, note = "undecided", f"{note}; {_LITTLE}"
        return Finding(
            check.claim,
            value,
            "accuracy",
            verdict,
            tuple(controls),
            source=check.source,
            note=note,
            key=check.key,
            role=check.role,
        )

    def _logits(self, part: Part) -> Tensor:
        return logits_after(self._snapshot, self._check.act, part, self._check.site)


def _of_one_noise(asked: Sequence[tuple[_Trial, Null]]) -> list[Control]:
    """Controls that make their parts of the same random numbers, as `random_control` gives each."""
    generator = torch.Generator().manual_seed(0)
    noises = [null.noise for _, null in asked if null.noise is not None]

    def left(noise: Tensor) -> list[float]:
        parts = {made: made(noise) for made in {each.made for each in noises}}
        return [trial.left(parts[each.made]) for (trial, _), each in zip(asked, noises, strict=True)]

    drawn = (noises[0].drawn(generator) for _ in draw_numbers())
    beside = all(trial.beside for trial, _ in asked)
    values = zip(*(each_beside if beside else map)(left, drawn), strict=True)
    return [
        Control.of(null.name, list(own), key=null.key) for (_, null), own in zip(asked, values, strict=True)
    ]


def tried(snapshot: Snapshot, hypothesis: Hypothesis, sites: Sequence[str]) -> list[Finding]:
    """The findings that a hypothesis is sufficient and necessary at each of these sites."""
    possible = (
        *hypothesis.sites(snapshot),
        *(("residual", "heads") if isinstance(hypothesis, Circuit) else ()),
    )
    for site in sites:
        hooks_at(snapshot, site)  # raises where there is no such site, before any is tried
        if site not in possible:
            raise BadArgument(
                f"{hypothesis.in_words} cannot be tried at {said_at(site)}; choose {', '.join(map(repr, possible))}."
            )
    return [judged(snapshot, hypothesis, check) for site in sites for check in both(hypothesis, site)]


def untried(check: Check, why: str) -> Finding:
    """The finding of a check that is not made, undecided for that reason."""
    return Finding(
        check.claim,
        None,
        "accuracy",
        "undecided",
        source=check.source,
        note=f"not tried: {why}",
        key=check.key,
        role=check.role,
    )


def both(hypothesis: Hypothesis, site: str) -> tuple[Check, Check]:
    """What is asked of a hypothesis at a site: that it is sufficient, and that it is necessary."""
    what, where = hypothesis.in_words, said_at(site)
    return (
        Check("keep", site, f"keeping only {what}, of {where}, keeps the accuracy", _OF_ITS_SIZE),
        Check(
            "remove", site, f"removing {what} from {where} takes the accuracy towards chance", _OF_ITS_SIZE
        ),
    )


def random_control(null: Null, score: Callable[[Part], float], beside: bool) -> Control:
    """The control made of 20 random draws, from one generator (seed 0); where asked, scored while others are drawn."""
    generator = torch.Generator().manual_seed(0)
    drawn = (null.draw(generator) for _ in draw_numbers())
    return Control.of(null.name, list((each_beside if beside else map)(score, drawn)), key=null.key)


def _runs_no_model(snapshot: Snapshot, hypothesis: Hypothesis, check: Check) -> bool:
    """Whether the logits of a draw are had without running the model: from logits, or neurons read out linearly."""
    if isinstance(hypothesis, Neurons):
        return check.act == "remove" and is_linear(snapshot)
    if not isinstance(hypothesis, Circuit):
        return False
    return check.site in ("logits", "readout") or (check.site == "fits" and is_linear(snapshot))


def draw_numbers() -> Iterator[int]:
    """The numbers 0 … 19 of one control's draws, counted by the progress bar."""
    return each(range(DRAWS), "testing the circuit: random draw")


def accuracy_left(
    snapshot: Snapshot, logits: Float[Tensor, "input answer"], index: Int[Tensor, "some"] | None = None
) -> float:
    """Accuracy of changed logits at the resolution of the model's own, below which differences are rounding alone.

    It is over all inputs, or those of `index`.
    """
    resolution, some = 1e-6 * float(snapshot.logits.abs().max()), slice(None) if index is None else index
    labels = judged_by(snapshot.task, "all")
    return tied_accuracy(logits[some], labels[some], resolution, snapshot.outside[some])
