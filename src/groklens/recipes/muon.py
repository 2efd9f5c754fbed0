"""`Muon`: the optimiser whose updates of hidden matrices are made nearly orthogonal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from groklens.errors import BadArgument, described
from groklens.recipes.muon_step import MuonStep
from groklens.recipes.optimizer import Parameters, WarmedUp, check_betas
from groklens.value_checks import number_fields

#: What embeddings, positions and read-outs are called: by TransformerLens, by us, and in models that others published.
NOT_HIDDEN = (
    *("embed", "pos", "unembed", "head", "W_E", "W_pos", "W_U"),
    *("embedding", "embeddings", "embed_tokens", "wte", "wpe"),
)


@dataclass(frozen=True, kw_only=True)
class Muon(WarmedUp):
    """Momentum made nearly orthogonal, for hidden matrices; embeddings, read-outs and vectors are trained by AdamW.

    m ← momentum · m + (1 − momentum) · g; the update is (1 − momentum) · g + momentum · m (Nesterov), of which five
    Newton–Schulz steps bring every singular value near 1, times √max(1, rows / columns) of the matrix as it is stored.
    They are made in the precision of the weights, and not in bfloat16 as upstream, which would not repeat. Parameters
    of whose dotted names a part is or ends with a word of `by_adam` (`tok_embed`), and all that are no matrices, are
    trained by AdamW at the rate `adam_lr` with `adam_weight_decay`; decay is decoupled in both, the warm-up is one.
    Axes before the last two count single matrices: heads, or the operands of a `gl.MLP`, whose first matrix is hidden
    by its name, without embeddings too. Source: Jordan et al. 2024 (kellerjordan.github.io/posts/muon). Raises
    `BadArgument` for values that are no rates, and where matrices come without their names:
    `build(model.named_parameters())`.

    >>> Muon(lr=0.02, adam_lr=1e-3).momentum
    0.95
    """

    #: It is built from (name, parameter) pairs.
    by_name: ClassVar[bool] = True

    lr: float = 0.02
    weight_decay: float = 0.05
    momentum: float = 0.95
    adam_lr: float = 1e-3
    adam_weight_decay: float = 1.0
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-8
    warmup_steps: int = 10
    by_adam: tuple[str, ...] = NOT_HIDDEN

    def __post_init__(self) -> None:
        check_betas(self)
        number_fields(self, "eps", above=0, such_as="1e-8")
        number_fields(self, "momentum", least=0, below=1, such_as="0.95")
        number_fields(self, "adam_lr", above=0)
        number_fields(self, "adam_weight_decay", least=0, such_as="1.0")
        words = self.by_adam
        if not isinstance(words, (tuple, list)) or not all(isinstance(word, str) and word for word in words):
            raise BadArgument(
                f"by_adam is {described(words)}; give words in the names of parameters: ('embed', 'head')."
            )
        object.__setattr__(self, "by_adam", tuple(words))
        self._check()

    def build(self, parameters: Parameters) -> MuonStep:
        """The torch optimiser of these parameters, which come with their names."""
        named: list[Any] = [each if isinstance(each, tuple) else ("", each) for each in parameters]
        if any(not name and parameter.ndim > 1 for name, parameter in named):
            raise BadArgument(
                "Muon trains hidden matrices and leaves embeddings to AdamW, and of these parameters the names are not "
                "known; build it from (name, parameter) pairs: Muon().build(model.named_parameters())."
            )
        settings = {name: getattr(self, name) for name in ("lr", "momentum", "weight_decay", "betas", "eps")}
        settings |= {"adam_rate": self.adam_lr / self.lr, "adam_weight_decay": self.adam_weight_decay}
        return MuonStep(named, settings, self.by_adam)
