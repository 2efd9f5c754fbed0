"""A plain torch module as a model that everything here takes, the module itself left as it is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from groklens.errors import BadArgument, described
from groklens.models.answering import Answer, answered
from groklens.models.hooking.axes import input_axes
from groklens.models.hooking.named_weights import n_heads, stacked
from groklens.models.hooking.passes import placed
from groklens.models.hooking.points import Named, Point, named
from groklens.models.hooking.visits import Hook, HookFunction, visits_of
from groklens.models.protocol import WEIGHT_NAMES, NamesFilter, matching_hooks
from groklens.users_code import users_code

#: From the task's tokens (input × pos) to what the module is called with: one value, a tuple or mapping of arguments.
Inputs = Callable[[Tensor], Any]
_IN_ATTENTION = re.compile(r"blocks\.\d+\.attn\.hook_(q|k|v|z|pattern|attn_scores)")


def hooked(
    module: nn.Module | Any,
    names: Mapping[str, str | Iterable[str]] | Any = None,
    answer: Answer | Any = None,
    inputs: Inputs | Any = None,
) -> Any:
    """A plain `torch.nn.Module` as a model with hooks at its module paths, for everything in groklens that takes one.

    Args:
        module: any module; its parameters are shared, and no hook, attribute or mode of it is changed. Hooks of
            torch's are placed for the length of one call.
        names: further names by path. `encoder.linear1` is what that part gives (of a tuple the first tensor,
            `encoder.linear1.1` being the second item), `encoder.linear1.hook_input` what it receives: either is a key,
            as in `{"encoder.linear2.hook_input": "blocks.0.mlp.hook_post"}`. TransformerLens' names open what goes by
            them: `"blocks.0.mlp.hook_post"` the neurons, `"hook_embed"` the embeddings. A
            parameter is named as a weight: `{"embed.weight": "W_E", "head.weight": "W_U"}`; those of `nn.Linear` are
            turned to in × out as TransformerLens has them, any other with `.T` after its path; name W_out too where
            neurons are not read out by W_U itself. Of an
            `nn.MultiheadAttention`, `{"layers.0.self_attn": "blocks.0.attn"}` names all it has inside: queries, keys,
            values, pattern, z and their weights. Of attention written otherwise, a part that passes the pattern on
            (`nn.Identity()`, input × head × query × key) is named `"blocks.0.attn.hook_pattern"`; how many heads there
            are is read from an attribute of that part or of what it is in: `n_heads`, `num_heads`, `n_head`, `nhead`,
            `heads`. A path takes several names as a list.
        answer: where the logits are in what it gives, for a module that gives a tuple or has its positions first:
            `lambda output: output[-1]`.
        inputs: what it is called with, from the task's tokens (input × pos): `lambda tokens: (tokens[:, 0],
            tokens[:, 1])` for two arguments, `lambda tokens: {"input_ids": tokens}` for arguments by name,
            `lambda tokens: F.one_hot(tokens, 97).float().flatten(1)` for one-hots, `lambda tokens: tokens.T` for
            positions first. The tokens themselves by default.

    What passes at hooks has its inputs on the first axis wherever the module has them. Logits alone are enough for a
    circuit by its logits; findings that need a hook or a weight say which. Raises `UnknownName` for a path that the
    module does not have, `BadArgument` for a name that two paths are given.

    >>> from groklens.tasks import ModularArithmetic
    >>> task = ModularArithmetic(13)
    >>> net = nn.Sequential(nn.Embedding(14, 8), nn.Flatten(), nn.Linear(24, 13))
    >>> model = hooked(net, {"0": "hook_embed", "0.weight": "W_E"})
    >>> model.run_with_cache(task.inputs, names_filter="hook_embed")[1]["hook_embed"].shape
    torch.Size([169, 3, 8])
    """
    return answered(HookedModule(module, names, inputs), answer)


class HookedModule:
    """A module with hooks at its paths and at the names given to them: what `hooked` makes.

    Everything that is not said here is the module's own: parameters, mode, state. It is called with a task's tokens.
    """

    original_model = None  # the quick pass knows no plain module
    is_around = True
    is_hooked_module = True

    def __init__(
        self,
        module: nn.Module | Any,
        names: Mapping[str, str | Iterable[str]] | Any = None,
        inputs: Inputs | Any = None,
    ) -> None:
        module = _checked(module)
        if inputs is not None and not callable(inputs):
            raise BadArgument(
                f"inputs is {described(inputs)}; give a function from the task's tokens to what the module is called "
                "with, such as inputs=lambda tokens: (tokens[:, 0], tokens[:, 1])."
            )
        self.model = module
        self.inputs = inputs
        self._named = named(module, names)
        self._axes: dict[Point, int | None] = {}
        self._active: list[tuple[str, HookFunction]] = []
        self.cfg = _config(module, self._named)

    def __call__(self, tokens: Tensor, **options: Any) -> Any:
        """What the module gives for these tokens, with the hooks of an open `hooks` context."""
        return self._run(tokens, self._active, options)

    def run_with_hooks(
        self, tokens: Tensor, fwd_hooks: Iterable[tuple[Any, HookFunction]] = (), **options: Any
    ) -> Any:
        """What the module gives with functions at hooks: `(name, function(value, hook))`, as in TransformerLens."""
        with self.hooks(fwd_hooks):
            return self(tokens, **options)

    def run_with_cache(
        self, tokens: Tensor, names_filter: NamesFilter | None = None, **options: Any
    ) -> tuple[Any, dict[str, Tensor]]:
        """What the module gives, and what passed at the hooks that `names_filter` names, or at all.

        A hook asked for by name has to be passed, once. Of all others those that are not, or more often, are left out.
        """
        strict = names_filter is not None and not callable(names_filter)
        wanted = list(self._named.points) if names_filter is None else matching_hooks(self, names_filter)
        cache: dict[str, Tensor] = {}
        output = self._run(tokens, self._active, options, dict.fromkeys(wanted, strict), cache)
        return output, {name: cache[name] for name in wanted if name in cache}

    @contextmanager
    def hooks(self, fwd_hooks: Iterable[tuple[Any, HookFunction]] = ()) -> Iterator[HookedModule]:
        """Within this block every call of this model runs with these functions; the module itself has no hooks."""
        before = list(self._active)
        try:
            for names, function in fwd_hooks:
                self._active += [(name, function) for name in matching_hooks(self, names)]
            yield self
        finally:
            self._active = before

    @property
    def hook_dict(self) -> dict[str, Hook]:
        """Every hook by name: the paths, and the names that were given to them."""
        return {name: Hook(name) for name in self._named.points}

    def __getattr__(self, name: str) -> Any:
        """Weights by the names given to them; everything else is the module's, but for weights that nobody named."""
        if name in ("model", "_named") or name.startswith("__"):  # while it is being copied
            raise AttributeError(name)
        if name in WEIGHT_NAMES:
            sources = self._named.weights.get(name)
            value = stacked(self.model, name, sources) if sources else None
            if value is None:
                raise AttributeError(name)
            return value
        return getattr(self.model, name)

    def __repr__(self) -> str:
        return f"gl.hooked({type(self.model).__name__})"

    def _run(
        self,
        tokens: Tensor,
        functions: list[tuple[str, HookFunction]],
        options: Mapping[str, Any],
        cached: Mapping[str, bool] | None = None,
        cache: dict[str, Tensor] | None = None,
    ) -> Any:
        visits = visits_of(self._named.points, functions, cached or {}, {} if cache is None else cache)
        if not visits:
            return self._forward(tokens, options)
        unknown = [point for point in visits if point not in self._axes]
        if unknown:
            found = input_axes(self.model, lambda some: self._forward(some, options), tokens, unknown)
            self._axes |= {**dict.fromkeys(unknown, 0), **found}
        for point, visit in visits.items():
            visit.axis, visit.n_inputs = self._axes[point], len(tokens)
        with placed(self.model, visits):
            output = self._forward(tokens, options)
        for visit in visits.values():
            visit.end()
        return output

    def _forward(self, tokens: Tensor, options: Mapping[str, Any]) -> Any:
        tokens = tokens.clone()  # a module may write into what it is given, and these are the task's
        if self.inputs is None:
            return self.model(tokens, **options)
        with users_code(
            lambda said: (
                f"inputs= fails on the task's tokens, {described(tokens)}: {said}. Give a function from tokens "
                "(input × pos) to what the module is called with."
            )
        ):
            given = self.inputs(tokens)
        if isinstance(given, Mapping) and _takes(self.model, given):
            return self.model(**given, **options)
        return self.model(*(given if isinstance(given, tuple) else (given,)), **options)


def _takes(module: nn.Module, given: Mapping[Any, Any]) -> bool:
    """Whether a module's forward takes these names as its arguments; one that takes a mapping itself does not."""
    try:
        inspect.signature(module.forward).bind(**given)
    except (TypeError, ValueError):
        return False
    return True


def _config(module: nn.Module, names: Named) -> SimpleNamespace:
    """What names say of a module's sizes, by TransformerLens' names for them; None of what they do not say."""
    layers = [int(found[1]) for name in names.points if (found := re.match(r"blocks\.(\d+)\.", name))]
    layers += [layer for sources in names.weights.values() for layer in sources if layer]
    of_attention = [point for name, point in names.points.items() if _IN_ATTENTION.fullmatch(name)]
    heads = next((count for point in of_attention if (count := n_heads(module, point.path))), None)
    return SimpleNamespace(n_layers=1 + max(layers) if layers else None, n_heads=heads, d_vocab_out=None)


def _check_there(module: nn.Module) -> None:
    """Raise `BadArgument` for parameters that have no values yet, which a look would give it, or none at all."""
    weights = list(module.named_parameters())
    lazy = [name for name, weight in weights if is_lazy(weight)]
    if lazy:
        raise BadArgument(
            f"{lazy[0]} has no values yet: {described(module)} has lazy parts, which get them when it first runs, and "
            "a look would be that; run it once before: module(task.inputs[:1])."
        )
    nowhere = [name for name, weight in weights if weight.is_meta]
    if nowhere:
        raise BadArgument(
            f"{nowhere[0]} has no values: {described(module)} is on the device 'meta'; load its weights first, such as "
            "module.to_empty(device='cpu') and module.load_state_dict(…)."
        )


def _checked(module: Any) -> nn.Module:
    module = getattr(module, "_orig_mod", module)  # what torch.compile made calls no hooks that come later
    if isinstance(module, type) or not isinstance(module, nn.Module):
        raise BadArgument(f"module is {described(module)}; give a torch.nn.Module: gl.hooked(MyModel(...)).")
    _check_there(module)
    if isinstance(module, nn.Module) and type(module).__module__.startswith("torch.jit"):
        raise BadArgument(
            "module is compiled by torch.jit, which calls no hooks; give the module it was made from."
        )
    return module
