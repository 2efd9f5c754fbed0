"""`Anatomy`: what a model is made of (embedding, heads, last MLP, readout), found by its hooks and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor

from groklens.models.answering import is_hooked, kind_of
from groklens.models.asked_weights import AskedWeights
from groklens.models.in_words import in_words
from groklens.models.protocol import WEIGHT_NAMES, hook_names, n_layers, weights
from groklens.models.site import Heads, Site, mlp_site
from groklens.models.weights_on_task import weight_on_task
from groklens.tasks import LAST, Task

#: How what is read of one operand meets what is read of another, before the non-linearity of the last MLP.
Combination = Literal["attention", "product", "sum", "concatenation", "unknown"]
_SAID_TO_COMBINE: dict[str, Combination] = {
    "product": "product",
    "sum": "sum",
    "concat": "concatenation",
}


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What a model is made of, seen on `task`: embedding, heads, last MLP and readout, each found when first asked for.

    Parts go by TransformerLens' names: a site is None where the model has no hook of that name, and what that means
    is said by `no_neurons_in` and `nothing_to_see`. `snapshot.anatomy` has it of a snapshot's model.

    >>> from groklens.models import MLP
    >>> from groklens.tasks import ModularArithmetic
    >>> task = ModularArithmetic(7)
    >>> anatomy = Anatomy(MLP(combine="product").build(task, seed=0), task)
    >>> anatomy.neurons, anatomy.combination
    (Site(hook='blocks.0.mlp.hook_post', pos=-1), 'product')
    """

    model: Any
    task: Task

    @cached_property
    def hooks(self) -> tuple[str, ...]:
        """Names of all hooks that the model has."""
        return tuple(hook_names(self.model))

    @cached_property
    def can_be_edited(self) -> bool:
        """Whether activations can be replaced, which needs the model's `hooks` context."""
        return hasattr(self.model, "hooks")

    @cached_property
    def weights(self) -> Mapping[str, Tensor]:
        """Weights by TransformerLens name, in float32 or better, on the processor wherever the model is.

        Each is taken from the model when it is first asked for. What has other axes than TransformerLens gives it is
        left out, as is a W_E without a row for every operand, or of a task of features.
        """
        return AskedWeights(WEIGHT_NAMES, partial(weight_on_task, self.model, self.task))

    @cached_property
    def n_layers(self) -> int:
        """How many layers the model says it has; 1 where it says nothing."""
        return n_layers(self.model)

    def size(self, name: str) -> int:
        """A width from the model's `cfg`, such as `d_mlp`; 0 where the `cfg` does not have it."""
        return getattr(self.model.cfg, name, None) or 0

    @property
    def in_words(self) -> str:
        """The model's class, sizes and number of parameters, as far as it says them."""
        return in_words(self.model)

    @property
    def kind(self) -> str:
        """The name of the model's class, for messages."""
        return kind_of(self.model)

    # What operands enter by

    @cached_property
    def embeds(self) -> bool:
        """Whether operands have learned embeddings: rows of a W_E."""
        return "W_E" in self.weights

    @cached_property
    def embedding(self) -> Site | None:
        """Site of the token embeddings, before positions are added; None without one or without W_E."""
        return self.embedding_hook if self.embeds else None

    @property
    def embedding_hook(self) -> Site | None:
        """The hook of token embeddings, which a network of one-hots may have too and nothing passes."""
        return self._found(Site("hook_embed"))

    @cached_property
    def reads_operands_directly(self) -> bool:
        """Whether W_in reads the operands themselves: no attention lies between."""
        known = "W_in" in self.weights and not self.has_attention
        return known and (not is_hooked(self.model) or len(self.weights["W_in"]) == self.task.n_operands)

    @property
    def reads_each_operand_apart(self) -> bool:
        """Whether W_in reads every operand itself, with weights of its own for each (operand × token × neuron)."""
        inward = self.weights.get("W_in")
        apart = inward is not None and inward.ndim == 3 and len(inward) == self.task.n_operands
        return apart and self.reads_operands_directly

    @cached_property
    def reads_operands(self) -> bool:
        """Whether any weights are known to read operands: W_E, or W_in."""
        return self.embeds or self.reads_operands_directly

    @cached_property
    def combination(self) -> Combination:
        """How the architecture combines the operands."""
        if self.has_attention:
            return "attention"
        return _SAID_TO_COMBINE.get(str(getattr(self.model.cfg, "combine", "")), "unknown")

    @property
    def multiplies(self) -> bool:
        """Whether the architecture can multiply operands, as a clock does: by attention, or by a product."""
        return self.combination in ("attention", "product")

    # Attention

    @cached_property
    def has_attention(self) -> bool:
        """Whether the model has the weights of attention heads."""
        return "W_Q" in self.weights

    @cached_property
    def heads(self) -> tuple[Heads, ...]:
        """The heads of every layer; none without attention, by its weights or its hooks."""
        layers = [Heads(layer, self._n_heads) for layer in range(self.n_layers)]
        seen = any(self.has(site) for each in layers for site in (each.pattern, each.z, each.queries))
        known = seen or self.has_attention  # asked last, for it stacks all weights: another model in memory
        return tuple(layers) if known and self._n_heads else ()

    @property
    def head_outputs(self) -> list[Site]:
        """Where what the heads of each layer give passes, before W_O; a layer without the hook is left out."""
        return [site for layer in range(self.n_layers) if self.has(site := Heads(layer, self._n_heads).z)]

    @property
    def can_score(self) -> bool:
        """Whether queries and keys of the first layer can be read, where keys are still tokens."""
        return bool(self.heads) and self.has(self.heads[0].queries) and self.has(self.heads[0].keys)

    @property
    def shows_patterns(self) -> bool:
        """Whether how much each query attends to each key can be read, of any layer's heads."""
        return any(self.has(layer.pattern) for layer in self.heads)

    @cached_property
    def can_copy(self) -> bool:
        """Whether what heads write of a token can be read as logits: their values, W_V, W_O, W_E and W_U are known."""
        if self.task.d_vocab is None or not self.heads or not self.has(self.heads[0].values):
            return False
        found = weights(self.model, ("W_E", "W_V", "W_O", "W_U"))
        if len(found) < 4:
            return False
        width = found["W_O"].shape[-1]
        return len(found["W_U"]) == width and found["W_E"].shape[1] == width

    def lacks_a_count(self, *inside: str) -> bool:
        """Whether a layer's attention has these hooks, such as `pattern`, and nobody says how many heads it has."""
        layers = [Heads(layer, 1) for layer in range(self.n_layers)]
        seen = any(all(self.has(getattr(each, name)) for name in inside) for each in layers)
        return seen and not self._n_heads

    @property
    def _n_heads(self) -> int:
        said = self.size("n_heads")
        return said or (self.weights["W_Q"].shape[1] if self.has_attention else 0)

    # The last MLP

    @property
    def answered_at(self) -> int:
        """The position of the answer, from the end: the last of those that the task reads."""
        reads = self.task.reads
        return -1 if reads == LAST else reads[-1] - self.task.n_ctx

    @cached_property
    def neurons_sought(self) -> Site:
        """Where the last layer's MLP activations are looked for, after the non-linearity, at the answer."""
        return mlp_site(self.n_layers - 1, "post", self.answered_at)

    @cached_property
    def neurons(self) -> Site | None:
        """Where the last layer's MLP activations pass, after the non-linearity, at the answer; None without hook."""
        return self._found(self.neurons_sought)

    @cached_property
    def neuron_inputs_sought(self) -> Site:
        """Where what the last MLP's neurons receive is looked for, before the non-linearity, at the answer."""
        return mlp_site(self.n_layers - 1, "pre", self.answered_at)

    @cached_property
    def neuron_inputs(self) -> Site | None:
        """Where what the last MLP's neurons receive passes, at the answer; None without the hook."""
        return self._found(self.neuron_inputs_sought)

    @cached_property
    def residual(self) -> Site | None:
        """Where the last layer leaves the residual stream, at the answer; None without the hook."""
        return self._found(Site(f"blocks.{self.n_layers - 1}.hook_resid_post", self.answered_at))

    @property
    def residual_stream(self) -> list[Site]:
        """Where the residual stream enters each layer and, last, leaves the last one; none unless all have hooks."""
        layers = range(self.n_layers)
        sites = [*(Site(f"blocks.{layer}.hook_resid_pre") for layer in layers)]
        sites.append(Site(f"blocks.{self.n_layers - 1}.hook_resid_post"))
        return sites if all(map(self.has, sites)) else []

    @cached_property
    def readout(self) -> Literal["W_out W_U", "W_U"] | None:
        """What neurons are read out by, without a final norm; None where no weights of that name fit the classes."""
        unembed, out = self.weights.get("W_U"), self.weights.get("W_out")
        if unembed is None or unembed.shape[1] < self.task.d_vocab_out:
            return None
        if out is not None:
            return "W_out W_U" if out.shape[-1] == len(unembed) else None
        return None if self.has_attention else "W_U"

    @cached_property
    def neuron_logit_map(self) -> Float[Tensor, "neuron answer"] | None:
        """W_L = `readout`, float64: what each neuron of the last layer adds to each of the task's logits."""
        if self.readout is None:
            return None
        unembed = self.weights["W_U"].double()[:, : self.task.d_vocab_out]
        return unembed if self.readout == "W_U" else self.weights["W_out"][-1].double() @ unembed

    # Sites, and what was not found

    def has(self, site: Site) -> bool:
        """Whether the model has the hook of this site."""
        return site.hook in self.hooks

    @property
    def sites(self) -> list[Site]:
        """The sites that were found: embeddings, each layer's heads, the last MLP."""
        of_heads = [site for layer in self.heads for site in layer.sites]
        sought = [self.embedding, *of_heads, self.neuron_inputs, self.neurons]
        return [site for site in sought if site is not None and self.has(site)]

    @cached_property
    def shows_logits_alone(self) -> bool:
        """Whether neither neurons nor an embedding are found by TransformerLens' names."""
        return self.neurons is None and not self.embeds

    def no_neurons_in(self, whose: object) -> str:
        """A message that no neurons are found in a model, with the hook at which they were looked for.

        >>> anatomy.no_neurons_in(snapshot)  # doctest: +SKIP
        "no MLP neurons are found in Snapshot(a+b mod 13, unknown step): no hook 'blocks.0.mlp.hook_post'"
        """
        said = f"no MLP neurons are found in {whose!r}: no hook {self._neurons_said}"
        how = f"; say which it is: gl.hooked(module, names={{'PATH': {self.neurons_sought.hook!r}}})"
        return said + how * is_hooked(self.model)

    @property
    def nothing_to_see(self) -> str:
        """A message that a model has neither neurons nor an embedding by TransformerLens' names."""
        return f"neurons and embeddings were not looked at: the model has no hook {self._neurons_said} and no W_E"

    @property
    def how_to_name(self) -> str:
        """How the hook and the weight that were not found are to be named, for messages."""
        if not is_hooked(self.model):
            return "call your hook and your embedding so, or give the inner model"
        return (
            "say which they are: gl.hooked(module, names={'PATH': "
            f"'{self.neurons_sought.hook}', 'PATH.weight': 'W_E'}})"
        )

    @property
    def _neurons_said(self) -> str:
        """The hook that was looked for, and those whose names end alike, which may be what was meant."""
        alike = [name for name in self.hooks if name.endswith("hook_post")]
        more = f" (it has {', '.join(map(repr, alike[:3]))}{', …' * (len(alike) > 3)})" if alike else ""
        return f"{self.neurons_sought.hook!r}{more}"

    def _found(self, site: Site) -> Site | None:
        return site if self.has(site) else None
