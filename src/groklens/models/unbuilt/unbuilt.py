"""`Unbuilt`: a transformer of a run on disk, computed in plain torch until a TransformerLens bridge is asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from threading import RLock
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from groklens.models.unbuilt.hook_names import hook_names_of
from groklens.models.unbuilt.plain_transformer import PlainTransformer, State, is_plain, shapes
from groklens.models.unbuilt.plain_weights import WEIGHTS

#: What is asked of any model or `cfg` and no bridge has: what other models, or what stands around one, are known by.
_OF_OTHERS = ("combine", "positions", "d_in", "unedited", "is_hooked_module")
#: What torch's modules have, of which there are some without the bridge too.
_OF_MODULES = (
    "parameters", "modules", "training", "eval",
    "_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks",
)  # fmt: skip
#: How the names of the hooks end at which values pass without the bridge.
_PASSED = ("hook_embed", "hook_pattern", "hook_pre", "hook_post")
_lock = RLock()


class Unbuilt:
    """A transformer's weights and description: its logits, and what passes at a few hooks, to the bit of its bridge's.

    Building a bridge takes twenty times as long as all a measure computes, and TransformerLens seconds to import. What
    is here is had without: logits, weights by their names, the hooks' names, and edits at `hook_embed`,
    `hook_pattern`, `hook_pre` and `hook_post`. Asked for anything else it builds the bridge, once, and is that bridge
    from then on (`model`).
    """

    is_around = True
    kind = "TransformerBridge"

    def __init__(self, plain: PlainTransformer, config: Mapping[str, Any], build: Callable[[], Any]) -> None:
        self._plain: PlainTransformer | None = plain
        self._build: Any = build
        self._bridge: Any = None
        self._edits: list[Sequence[tuple[str, Callable[..., Any]]]] = []
        self._open = ExitStack()
        self._config = dict(config)
        self._hooks = {
            name: SimpleNamespace(name=name, fwd_hooks=[], bwd_hooks=[]) for name in hook_names_of(config)
        }

    @property
    def model(self) -> Any:
        """The bridge, built when it is first asked for; hooks that are in place go over to it."""
        with _lock:
            if self._bridge is None:
                self._bridge = self._build()
                for edits in self._edits:
                    self._open.enter_context(self._bridge.hooks(fwd_hooks=list(edits)))
                self._plain, self._build = None, None
        return self._bridge

    @property
    def is_alone(self) -> bool:
        """Whether there is no bridge yet, and nobody's hooks are in place."""
        return self._plain is not None and not self._edits

    def twin(self) -> Unbuilt:
        """A copy with weights of its own, of one that `is_alone`; its bridge has them as they are when it is built."""
        assert self._plain is not None
        plain, build = copy.deepcopy(self._plain), self._build

        def built_alike() -> Any:
            bridge = build()
            with torch.no_grad():
                for own, given in zip(bridge.original_model.parameters(), plain.parameters(), strict=True):
                    own.copy_(given)
            return bridge

        return Unbuilt(plain, self._config, built_alike)

    @property
    def cfg(self) -> Any:
        """The bridge's configuration, the fields of its description without one."""
        return _Config(self) if self._plain is not None else self.model.cfg

    def __call__(self, tokens: Tensor, *args: Any, **options: Any) -> Any:
        """Logits at every position."""
        plain = self._plain
        if plain is None or args or options or not _are_tokens(tokens, self._config["n_ctx"]):
            return self.model(tokens, *args, **options)
        return plain(tokens, self._passing)

    @contextmanager
    def hooks(
        self, fwd_hooks: Sequence[tuple[Any, Callable[..., Any]]] = (), **options: Any
    ) -> Iterator[Any]:
        """Context with hooks in place, as the bridge's own."""
        if self._plain is None or options or not all(self._passes(name) for name, _ in fwd_hooks):
            with self.model.hooks(fwd_hooks=list(fwd_hooks), **options):
                yield self
            return
        self._edits.append(fwd_hooks)
        for name, edit in fwd_hooks:
            self._hooks[name].fwd_hooks.append(edit)
        try:
            yield self
        finally:
            self._edits.remove(fwd_hooks)
            for name, edit in fwd_hooks:
                self._hooks[name].fwd_hooks.remove(edit)
            if not self._edits:
                self._open.close()

    def run_with_hooks(self, tokens: Tensor, *args: Any, fwd_hooks: Any = (), **options: Any) -> Any:
        """The logits with hooks in place, as the bridge's own."""
        if args or options:
            return self.model.run_with_hooks(tokens, *args, fwd_hooks=list(fwd_hooks), **options)
        with self.hooks(fwd_hooks=list(fwd_hooks)):
            return self(tokens)

    def run_with_cache(self, *args: Any, **options: Any) -> Any:
        """The logits and the activations by hook name, by the bridge."""
        return self.model.run_with_cache(*args, **options)

    def state_dict(self, *args: Any, **options: Any) -> Any:
        """The bridge's state."""
        return self.model.state_dict(*args, **options)

    def __getattr__(self, name: str) -> Any:
        """Weights, parameters and modules without the bridge; everything else is the bridge's."""
        if name in _OF_OTHERS or (
            name.startswith("_") and name not in _OF_MODULES
        ):  # such as while it is copied
            raise AttributeError(name)
        plain = self._plain
        if plain is None:
            return getattr(self.model, name)
        if name in WEIGHTS:
            return WEIGHTS[name](plain)
        if name in _OF_MODULES:
            return getattr(plain, name)
        found = {"hook_dict": self._hooks, "original_model": plain}.get(name)
        return getattr(self.model, name) if found is None else found

    def __repr__(self) -> str:
        return repr(self.model)

    def _passes(self, name: Any) -> bool:
        return isinstance(name, str) and name.endswith(_PASSED) and name in self._hooks

    def _passing(self, name: str, value: Tensor) -> Tensor:
        for edit in self._hooks[name].fwd_hooks:
            changed = edit(value, hook=self._hooks[name])
            value = value if changed is None else changed
        return value


class _Config:
    """The description's fields, by name; any other field is that of the bridge, which is built for it."""

    def __init__(self, of: Unbuilt) -> None:
        self._of, self._fields = of, of._config

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in _OF_OTHERS:
            raise AttributeError(name)
        return self._fields[name] if name in self._fields else getattr(self._of.model.cfg, name)


def unbuilt(config: Mapping[str, Any], state: State, build: Callable[[], Any]) -> Unbuilt | None:
    """The transformer of this description and state; None where it is none that is computed without its bridge.

    `config` is checked before (`checked_transformer`); `build` gives the bridge with these weights.
    """
    if not is_plain(config):
        return None
    bias = state.get("unembed.bias")
    found = {name: tuple(value.shape) for name, value in state.items() if name != "unembed.bias"}
    floats = all(value.dtype == torch.float32 for value in state.values())
    if found != shapes(config) or not floats or (bias is not None and bool(bias.count_nonzero())):
        return None
    return Unbuilt(PlainTransformer(config, state).eval(), config, build)


def built(model: Any) -> Any:
    """The model that a user is given: the bridge of one that is not built, any other itself."""
    return model.model if isinstance(model, Unbuilt) else model


def draws_nothing(model: Any) -> bool:
    """Whether running the model, as it is now, is known to draw no random numbers and to leave its modules alone."""
    while getattr(type(model), "renames_alone", False):
        model = model.model
    return isinstance(model, Unbuilt) and model.is_alone


def _are_tokens(tokens: Any, n_ctx: int) -> bool:
    whole = isinstance(tokens, Tensor) and tokens.ndim == 2 and not tokens.is_floating_point()
    return whole and tokens.shape[1] <= n_ctx
