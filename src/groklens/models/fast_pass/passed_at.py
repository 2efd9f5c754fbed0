"""What passes at some hooks of a model, which is run no further than to the last of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import Any

from torch import Tensor

from groklens.models.fast_pass.engine import sequences_apply
from groklens.tasks import Inputs


class _Passed(Exception):
    """All that was asked for has passed; nobody sees this."""


def passed_at(model: Any, tokens: Inputs, hooks: Sequence[str]) -> dict[str, Tensor]:
    """The activations at some hooks by name, as `run_with_cache` gives them; what nothing passes at is left out.

    TransformerLens' own transformer is left when the last hook has been passed: attention patterns need no MLP. Any
    other model runs to its end, for a hook of it may be passed more than once.
    """
    if not sequences_apply(model):
        return _of_whole_pass(model, tokens, hooks)
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def kept(value: Tensor, hook: Any) -> None:
            found[name] = value.detach()
            if len(found) == len(set(hooks)):
                raise _Passed

        return kept

    with ExitStack() as stack:
        try:
            stack.enter_context(model.hooks(fwd_hooks=[(name, keep(name)) for name in dict.fromkeys(hooks)]))
        except ValueError:  # a hook is switched off, of which the cache says nothing, or why
            return _of_whole_pass(model, tokens, hooks)
        with suppress(_Passed):
            model(tokens)
    return found


def _of_whole_pass(model: Any, tokens: Inputs, hooks: Sequence[str]) -> dict[str, Tensor]:
    _, cache = model.run_with_cache(tokens, names_filter=list(hooks))
    return {name: cache[name] for name in cache.keys() if name in hooks}  # noqa: SIM118 (not a dict)
