"""`Chains`: the chains of an estimate of a learning coefficient, in groups side by side, and a descent beside them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.measures.sgld import Noise, Walk, descended, walked
from groklens.measures.stacked_losses import StackedLosses
from groklens.models import device_of
from groklens.recipes import Loss
from groklens.snapshots import Snapshot

#: Python threads that walk at once, where there are two cores; each computes on one of torch's, and the numbers do not
#: depend on either, but for the rounding of float32.
_WORKERS = min(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Chains:
    """Chains that start at a snapshot's weights; `weights` that walk, batches whose gradient is followed, seed."""

    snapshot: Snapshot
    loss: str | Loss = "cross_entropy"
    weights: tuple[str, ...] = ()
    batch_size: int | None = None
    seed: int = 0

    def side_by_side(
        self, walk: Walk, sizes: Sequence[int], draws: int
    ) -> tuple[list[Float[Tensor, "chain step"]], float]:
        """The losses of groups of chains that walk at once, and what a descent from the same weights gains.

        `walk.epsilon` is of every chain, the groups' in turn; a group's noise and batches are those it would have if
        all walked together. Groups stand in threads of their own where the quick pass holds, on a processor, for two
        halves of small operations take less time than the whole; the model itself runs for one at a time, as its
        parameters are exchanged meanwhile. With one thread for all of it the groups walk as one, whose operations are
        half as many.
        """
        n_chains, at_once = sum(sizes), sizes if _WORKERS > 1 else (sum(sizes),)
        groups = [slice(end - size, end) for end, size in zip(accumulate(at_once), at_once, strict=True)]
        # Made one after another, for they look at the model, which is laid to rest and woken each time.
        alone, *together = (self._losses(size) for size in (1, *at_once))
        masks = alone.masks(self.weights)
        walks = [
            partial(self._walked, losses, walk, group, n_chains, draws)
            for losses, group in zip(together, groups, strict=True)
        ]
        descent = partial(descended, alone, alone.start, masks)
        if alone.is_quick and device_of(self.snapshot.model).type == "cpu":
            with ThreadPoolExecutor(_WORKERS) as pool:
                walking, gaining = [pool.submit(each) for each in walks], pool.submit(descent)
                found, gained = [each.result() for each in walking], gaining.result()
        else:
            found, gained = [each() for each in walks], descent()
        return list(torch.cat(found).split(list(sizes))), gained

    def _walked(
        self, losses: StackedLosses, walk: Walk, group: slice, n_chains: int, draws: int
    ) -> Float[Tensor, "chain step"]:
        noise, batches = (torch.Generator().manual_seed(self.seed) for _ in range(2))
        size = self.batch_size
        if size is None or size >= losses.n_examples:
            followed = None
        else:
            followed = losses.of_batches(size, batches, n_chains, group)
        own = replace(walk, epsilon=torch.as_tensor(walk.epsilon)[group])
        drawn = Noise(noise, n_chains, group)
        return walked(losses, losses.start, own, draws, drawn, followed, losses.masks(self.weights))

    def _losses(self, n_chains: int) -> StackedLosses:
        return StackedLosses(self.snapshot, n_chains, self.loss)
