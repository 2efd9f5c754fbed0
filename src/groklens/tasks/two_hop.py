"""`gl.tasks.TwoHop`: facts about entities, and those that follow from two of them: the composition of relations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from groklens.errors import BadArgument, described, is_number, whole_fields
from groklens.tasks.task import Task, check_pairs


@dataclass(frozen=True, eq=False, repr=False)
class TwoHop(Task):
    """Facts `h r → t`, a random entity t for every entity h and relation r, and what follows of two: `h r1 r2 → t`.

    Every fact is taught, and `train_fraction` of what follows of two facts, chosen by the recipe's seed: its ratio φ of
    inferred facts taught to facts is about `train_fraction × relations`. The answer of an inferred fact goes through
    the bridge, the entity that `h r1` is (`bridges`). Of the facts, `apart` are taught alone: nothing that follows of
    them is, so that what is known of it is no table of pairs. `seed` draws the facts. After Wang et al. 2024,
    arXiv:2405.15071 (GrokkedTransformer), whose entities are 2,000; here each has every relation.

    Whether it is learned in minutes depends on the draw. Three trials of one seed, two layers of width 64, AdamW 2e-3,
    weight decay 1, batches of 512, a minute and a half of one core: with φ 10.8 test accuracy was 0.993 after 3,330
    updates for one draw of facts, 0.503 after 4,000 for another; with a tenth of the facts apart, 0.475 on what follows
    of the others after 4,000, and 0.073 on what follows of them (chance 0.05). Raises `BadArgument` for a share outside
    [0, 1).

    >>> task = TwoHop(entities=5, relations=2)
    >>> h, first, second = task.inputs[task.inferred][0].tolist()
    >>> bridge = task.facts[h, first - 5]
    >>> bool(task.labels[task.inferred][0] == task.facts[bridge, second - 5])
    True
    """

    entities: int = 20
    relations: int = 12
    apart: float = 0.0
    seed: int = 0

    #: An entity and a relation are no two operands of one kind.
    operand_names = ("h", "r1", "r2")

    def __post_init__(self) -> None:
        whole_fields(self, "entities", "relations", least=2)
        whole_fields(self, "seed", least=0)
        if not is_number(self.apart) or not 0 <= self.apart < 1:
            raise BadArgument(
                f"apart is {described(self.apart)}; give the share of facts that nothing is inferred from while "
                "training, in [0, 1), such as 0.1."
            )
        object.__setattr__(self, "apart", float(self.apart))  # 0 and 0.0: one specification
        check_pairs(self.name, max(self.entities, self.relations) * self.relations)

    @property
    def name(self) -> str:
        """The task's name, such as `two hops, 20 entities, 12 relations`."""
        apart = f", {100 * self.apart:.3g}% of facts apart" if self.apart else ""
        return f"two hops, {self.entities} entities, {self.relations} relations{apart}"

    @property
    def d_vocab(self) -> int:
        """A token for every entity, then one for every relation, and a full stop in place of a second relation."""
        return self.entities + self.relations + 1

    @property
    def d_vocab_out(self) -> int:
        """One class for every entity."""
        return self.entities

    @cached_property
    def facts(self) -> Int[Tensor, "entity relation"]:
        """The entity that each relation of each entity leads to (entity × relation), drawn by `seed`."""
        generator = torch.Generator().manual_seed((self.seed + 1) * 1_000_003)
        return torch.randint(self.entities, (self.entities, self.relations), generator=generator)

    @cached_property
    def inputs(self) -> Int[Tensor, "input pos"]:
        """The facts (h, r, full stop), then what follows of two (h, r1, r2), each in lexicographic order."""
        h, relations = torch.arange(self.entities), torch.arange(self.relations) + self.entities
        stop = torch.tensor([self.entities + self.relations])
        return torch.cat([torch.cartesian_prod(h, relations, last) for last in (stop, relations)])

    @cached_property
    def labels(self) -> Int[Tensor, "input"]:
        """The entity that each leads to."""
        last = (self.inputs[self.inferred, 2] - self.entities, self.bridges)
        return torch.cat([self.facts.flatten(), self.facts[last[1], last[0]]])

    @property
    def inferred(self) -> Int[Tensor, "inferred"]:
        """Which inputs follow of two facts."""
        return torch.arange(self.facts.numel(), len(self.inputs))

    @cached_property
    def bridges(self) -> Int[Tensor, "inferred"]:
        """The entity that each inferred fact goes through, the answer of its first half (inferred)."""
        h, first, _ = self.inputs[self.inferred].unbind(dim=1)
        return self.facts[h, first - self.entities]

    @cached_property
    def is_apart(self) -> Bool[Tensor, "inferred"]:
        """Whether one of the two facts that each follows of is taught alone (inferred)."""
        n_facts = self.facts.numel()
        order = torch.randperm(
            n_facts, generator=torch.Generator().manual_seed((self.seed + 1) * 1_000_003 + 1)
        )
        alone = torch.zeros(n_facts, dtype=torch.bool)
        alone[order[: round(self.apart * n_facts)]] = True
        alone = alone.view(self.facts.shape)
        h, first, second = (self.inputs[self.inferred] - torch.tensor([0, *[self.entities] * 2])).unbind(
            dim=1
        )
        return alone[h, first] | alone[self.bridges, second]

    @property
    def token_names(self) -> list[str]:
        """Entities e0, e1, …, relations r0, r1, …, and the full stop."""
        return [f"e{e}" for e in range(self.entities)] + [f"r{r}" for r in range(self.relations)] + ["."]

    def split(self, train_fraction: float, seed: int) -> tuple[Int[Tensor, "train"], Int[Tensor, "test"]]:
        """Indices of every fact and `train_fraction` of what follows of facts not apart, and of all the rest."""
        super().split(train_fraction, seed)  # raises with its own message
        possible = self.inferred[~self.is_apart]
        order = torch.randperm(len(possible), generator=torch.Generator().manual_seed(seed))
        is_taught = torch.zeros(len(self.inputs), dtype=torch.bool)
        is_taught[: self.facts.numel()] = True
        is_taught[possible[order[: int(train_fraction * len(possible))]]] = True
        return torch.nonzero(is_taught)[:, 0], torch.nonzero(~is_taught)[:, 0]
