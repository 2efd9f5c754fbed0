"""`AskedWeights`: a model's weights by name, each taken from the model when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from torch import Tensor

from groklens.errors import UnknownName, described, did_you_mean

#: What was looked at to see whether it is there is kept, where it is no larger: half of a table of 50,000 tokens.
_KEPT = 64 * 2**20


class AskedWeights(Mapping[str, Tensor]):
    """Weights by name, of which only those that were asked for are in memory: stacking all layers' takes as much again.

    `compute` gives the weight of a name, or None where there is none.

    >>> import torch
    >>> found = AskedWeights(("W_E", "W_U"), {"W_E": torch.ones(2, 2)}.get)
    >>> list(found), "W_U" in found
    (['W_E'], False)
    """

    def __init__(self, names: Sequence[str], compute: Callable[[str], Tensor | None]) -> None:
        self._names, self._compute = names, compute
        self._found: dict[str, Tensor] = {}
        self._there: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"weights {', '.join(self)}"

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._found:
            value = self._look(name)
            if value is None:
                raise UnknownName(self._lacks(name))
            self._found[name] = value
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        if name not in self._names:
            return False
        if name not in self._there:
            value = self._look(str(name))
            if value is not None and value.nbytes <= _KEPT:
                self._found[str(name)] = value
        return self._there[str(name)]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _lacks(self, name: object) -> str:
        """That there is no such weight here, with the names that there are."""
        there = list(self)
        asked = "" if name in self._names else did_you_mean(name, there)
        asked = asked or f"it has {', '.join(there) or 'none by them'}."
        return f"This model has no weight {described(name)} by TransformerLens' names; {asked}"

    def _look(self, name: str) -> Tensor | None:
        value = self._compute(name) if name in self._names and self._there.get(name, True) else None
        self._there[name] = value is not None
        return value
