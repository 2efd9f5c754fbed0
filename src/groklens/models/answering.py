"""`AnsweringModel`: a model whose logits are inside its output (a tuple, a mapping) or have other axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from groklens.errors import BadArgument, described
from groklens.models.outputs import said_output
from groklens.users_code import users_code

#: From what a model gives to its logits: input × class, or input × pos × class.
Answer = Callable[[Any], Any]


class AnsweringModel:
    """A model whose logits are `answer(output)` of another model; everything else is that model's own.

    It has the model's hooks, weights, parameters and `cfg`, so that everything that takes a model takes it, and its
    state goes by the model's names.

    >>> answered(model, lambda output: output.logits)(tokens).shape  # doctest: +SKIP
    torch.Size([64, 3, 13])
    """

    original_model = None  # the quick pass would run past `answer`
    is_around = True

    def __init__(self, model: Any, answer: Answer) -> None:
        self.model = model
        self.answer = answer

    def __call__(self, tokens: Any, *args: Any, **options: Any) -> Any:
        """The logits, from the model's own forward pass; one that can only be run with hooks is."""
        if callable(self.model):
            return self._answered(self.model(tokens, *args, **options))
        return self.run_with_cache(tokens, *args, names_filter=lambda name: False, **options)[0]

    def run_with_cache(self, *args: Any, **options: Any) -> Any:
        """The logits and the activations by hook name; options as the model's own."""
        output, cache = self.model.run_with_cache(*args, **options)
        return self._answered(output), cache

    def run_with_hooks(self, *args: Any, **options: Any) -> Any:
        """The logits with hooks in place; options as the model's own."""
        return self._answered(self.model.run_with_hooks(*args, **options))

    def __getattr__(self, name: str) -> Any:
        """Everything else is the model's."""
        if name in ("model", "answer") or name.startswith("__"):  # while it is being copied
            raise AttributeError(name)
        return getattr(self.model, name)

    def __repr__(self) -> str:
        return f"{type(self.model).__name__} answering by {described(self.answer)}"

    def _answered(self, output: Any) -> Any:
        with users_code(
            lambda said: (
                f"answer= fails on what the model gives, {said_output(output)}: {said}. Give a function from the "
                "model's output to its logits, such as answer=lambda output: output[0]."
            )
        ):
            return self.answer(output)


def answered(model: Any, answer: Answer | Any) -> Any:
    """The model whose logits `answer` finds in the output; the model itself where `answer` is None.

    Raises `BadArgument` for what is no function.

    >>> answered(model, None) is model  # doctest: +SKIP
    True
    """
    if answer is None:
        return model
    if not callable(answer):
        raise BadArgument(
            f"answer is {described(answer)}; give a function from the model's output to its logits, such as "
            "answer=lambda output: output[0]."
        )
    return AnsweringModel(model, answer)


def own_model(model: Any) -> Any:
    """The user's model itself, without what was put around it to hook it or to find its logits."""
    while getattr(type(model), "is_around", False):
        model = model.model
    return model


def kind_of(model: Any) -> str:
    """The name of the user's model's class, of which nothing is built to know it."""
    while getattr(type(model), "is_around", False) and not hasattr(type(model), "kind"):
        model = model.model
    return getattr(type(model), "kind", None) or type(model).__name__


def is_hooked(model: Any) -> bool:
    """Whether the model is a plain torch module that `hooked` gave hooks, whatever was put around it since."""
    return getattr(model, "is_hooked_module", False) is True
