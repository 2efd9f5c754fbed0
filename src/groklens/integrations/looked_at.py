"""What a recorder looks at of a model that a trainer trains: the model itself, hooked, or a mirror of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from torch import Tensor, nn

from groklens.errors import BadArgument
from groklens.integrations.mirror import Mirror
from groklens.models import Answer, hooked
from groklens.tasks import Probe, Task


@dataclass
class Itself:
    """The user's model, which has its weights."""

    model: Any

    def refresh(self) -> None:
        """Nothing: it is the model."""

    def check(self, tokens: Tensor) -> None:
        """Nothing: the recorder looks."""


#: A model for `gl.Recorder`, and how it comes to have the weights that the user's has now.
LookedAt = Itself | Mirror


@dataclass(frozen=True)
class Look:
    """How the user's module is looked at: by which names, where its logits are, what it is called with.

    Without names a causal language model of transformers gets a `TransformerBridge` of its own, with its weights:
    TransformerLens would put its parts in the place of the module's, which is left as it is. Any other module is
    hooked at its paths (`gl.hooked`), as one of transformers is where names are given, if only `{}`.

    >>> Look(names={}).of(nn.Linear(2, 2)).model
    gl.hooked(Linear)
    """

    names: Mapping[str, Any] | None = None
    answer: Answer | None = None
    inputs: Callable[[Any], Any] | None = None

    def of(self, module: nn.Module) -> LookedAt:
        """What a recorder is given of `module`.

        Raises `BadArgument` for a module whose forward pass was replaced (mixed precision, `module.compile()`): no
        copy computes with weights of its own then, and looking would compile it anew.
        """
        if hasattr(module, "run_with_cache") and hasattr(module, "cfg"):
            return Itself(module)
        plain = self.names is None and self.answer is None and self.inputs is None
        if plain and _is_of_transformers(module):
            return Mirror(module)
        if "forward" in vars(module) or getattr(module, "_compiled_call_impl", None) is not None:
            raise BadArgument(
                f"The forward pass of this {type(module).__name__} was replaced, as mixed precision and compilation in "
                "place do, so that no copy of it can be looked at; name the part inside it that computes "
                "(within='net'), or train without."
            )
        answer = self.answer or (attrgetter("logits") if _is_of_transformers(module) else None)
        return Itself(hooked(module, self.names, answer, self.inputs))


def fitted(task: Task, module: nn.Module) -> Task:
    """The task, a probe with as many tokens as the language model has."""
    config: Any = getattr(module, "config", None)
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    size = getattr(text, "vocab_size", None)
    return task.fitted(size) if isinstance(task, Probe) and isinstance(size, int) else task


def _is_of_transformers(module: nn.Module) -> bool:
    kinds = [kind for kind in type(module).__mro__ if kind.__module__.startswith("transformers.")]
    return any(kind.__name__ == "PreTrainedModel" for kind in kinds)
