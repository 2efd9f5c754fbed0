"""`Site`, a hook and a position at which activations are read or changed, and the sites of attention heads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    """One place in a model at which activations are read or changed: a hook's name and a position.

    `pos` is a position of the input, negative from the end: -1 is the answer's. Of an attention pattern it is the
    query's. None means every position. A name is that of a token whose place may differ from input to input, as the
    task says (`task.token_positions`): `"a"` is the first operand's.

    >>> Site("blocks.0.mlp.hook_post", -1).pos
    -1
    """

    hook: str
    pos: int | str | None = None


def site_of(where: Site | str, pos: int | str | None = None) -> Site:
    """The site that is meant by one, or by a hook's name and a position.

    >>> site_of("hook_embed", -1)
    Site(hook='hook_embed', pos=-1)
    """
    if isinstance(where, Site):
        return where if pos is None else Site(where.hook, pos)
    return Site(where, pos)


@dataclass(frozen=True)
class Heads:
    """The attention heads of one layer, and the sites of what they compute; heads may share keys and values.

    >>> Heads(layer=0, count=4).z
    Site(hook='blocks.0.attn.hook_z', pos=None)
    """

    layer: int
    count: int

    @property
    def queries(self) -> Site:
        """What each head asks for, by position."""
        return self._at("hook_q")

    @property
    def keys(self) -> Site:
        """What each position offers to be found by."""
        return self._at("hook_k")

    @property
    def values(self) -> Site:
        """What each position sends where it is attended to."""
        return self._at("hook_v")

    @property
    def pattern(self) -> Site:
        """How much each query attends to each key."""
        return self._at("hook_pattern")

    @property
    def z(self) -> Site:
        """What each head takes from all positions, before W_O."""
        return self._at("hook_z")

    @property
    def sites(self) -> tuple[Site, ...]:
        """All of these, in the order in which they are computed."""
        return self.queries, self.keys, self.values, self.pattern, self.z

    @property
    def names(self) -> list[str]:
        """What the heads are called: `0.3` is the fourth of the first layer."""
        return [f"{self.layer}.{head}" for head in range(self.count)]

    def _at(self, hook: str) -> Site:
        return Site(f"blocks.{self.layer}.attn.{hook}")


def mlp_site(layer: int, part: str, pos: int = -1) -> Site:
    """The site of a layer's MLP neurons at the answer: what they receive, `"pre"`, or give, `"post"`.

    >>> mlp_site(0, "post")
    Site(hook='blocks.0.mlp.hook_post', pos=-1)
    """
    return Site(f"blocks.{layer}.mlp.hook_{part}", pos)
