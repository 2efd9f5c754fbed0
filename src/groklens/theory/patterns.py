"""The three-pattern model of learning, of which grokking and double descent are both cases."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument


@dataclass(frozen=True)
class Pattern:
    """One kind of pattern that a network may learn: which inputs it answers, how fast, and how well on test inputs.

    At time t it predicts a share p(t) = ceiling / (1 + exp(−speed (t − onset))) of the train inputs; of the
    test inputs that it is used for, it gets the share `generalisation` correct. Shares lie in [0, 1]; `speed`
    is in 1/time. Source: Davies, Langosco and Krueger 2023 (arXiv:2303.06173), section 3.

    >>> float(Pattern(1.0, 0.1, 50.0, 0.0).predicted(torch.tensor([50.0]).double()))
    0.5
    """

    ceiling: float
    speed: float
    onset: float
    generalisation: float

    def __post_init__(self) -> None:
        if not (0 <= self.ceiling <= 1 and 0 <= self.generalisation <= 1 and self.speed >= 0):
            raise BadArgument(
                f"{self}: ceiling and generalisation are shares in [0, 1], and the speed is not negative."
            )

    def predicted(self, times: Float[Tensor, "time"]) -> Float[Tensor, "time"]:
        """Share of the train inputs that the pattern predicts at each time."""
        return self.ceiling * torch.sigmoid(self.speed * (times - self.onset))


#: Fast and correct, fast and wrong, slow and correct, in this order.
Patterns = tuple[Pattern, Pattern, Pattern]

#: The published parameters of the two phenomena (Davies et al. 2023, figures 2 and 3).
DOUBLE_DESCENT: Patterns = (
    Pattern(0.7, 0.15, 30, 1),
    Pattern(1.0, 0.15, 50, 0),
    Pattern(0.2, 0.05, 200, 1),
)
GROKKING: Patterns = (Pattern(0.0, 0.15, 30, 1), Pattern(1.0, 0.15, 50, 0), Pattern(1.0, 0.05, 200, 1))


def pattern_curves(
    patterns: Patterns, times: Float[Tensor, "time"]
) -> tuple[Float[Tensor, "time"], Float[Tensor, "time"]]:
    """Train and test accuracy over time, in [0, 1], of a network that learns these patterns.

    A train input is correct once any pattern predicts it: 1 − Π(1 − p). A pattern of the third kind is used
    whenever it predicts, one of the others, where both do, half of the time each; what is used decides how
    test inputs fare. Double descent has a first kind that is correct, grokking does not.
    Source: Davies, Langosco and Krueger 2023 (arXiv:2303.06173), section 3.

    >>> train, test = pattern_curves(GROKKING, torch.tensor([90.0, 300.0]).double())
    >>> [round(each, 2) for each in train.tolist() + test.tolist()]
    [1.0, 1.0, 0.0, 0.99]
    """
    first, second, third = (pattern.predicted(times) for pattern in patterns)
    train = 1 - (1 - first) * (1 - second) * (1 - third)
    shared = first * second * (1 - third) / 2
    used = (first * (1 - third) - shared, second * (1 - third) - shared, third)
    return train, sum(
        (pattern.generalisation * share for pattern, share in zip(patterns, used, strict=True)),
        torch.zeros_like(times),
    )
