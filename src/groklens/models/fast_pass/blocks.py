"""Which runs and inputs a training step works on at a time: as many as the processor's cache holds."""

from __future__ import annotations

from itertools import pairwise

import torch

from groklens.memory import BUDGETS

#: Products take rows in tiles of so many, or of a divisor; what is left over takes as long as a tile.
_TILE = 32
#: Which runs, and which of their inputs.
Block = tuple[slice, slice]


def cached_blocks(n_runs: int, n_inputs: int, bytes_per_input: int, device: torch.device) -> list[Block]:
    """Runs and inputs in blocks of about `BUDGETS.step` bytes on one thread; all at once on several, and on a card.

    Whole runs where several fit, else the inputs of one run, in parts of almost equal length: the shorter a product,
    the slower, and a very short one is summed in another order. Several threads wait for each other at the end of each
    operation, so that many short ones would make the step as slow as the busiest core.

    >>> cached_blocks(1, 96, BUDGETS.step // 64, torch.device("cpu"))[0]  # on one thread
    (slice(0, 1, None), slice(0, 64, None))
    """
    if device.type != "cpu" or torch.get_num_threads() > 1:
        return [(slice(0, n_runs), slice(0, n_inputs))]
    held = max(1, BUDGETS.step // max(1, bytes_per_input))
    runs, inputs = _parts(n_runs, max(1, held // max(1, n_inputs))), _parts(n_inputs, held, _TILE)
    return [(run, part) for run in runs for part in inputs]


def _parts(length: int, most: int, tile: int = 1) -> list[slice]:
    """As few parts of about so many at most as there have to be, almost equally long, and whole tiles but for one."""
    count = max(1, -(-length // most))
    ends = [tile * round(length * part / count / tile) for part in range(count)] + [length]
    return [slice(start, stop) for start, stop in pairwise(ends)]
