"""Memory budgets in bytes: how much may be remembered, and how much may be worked on at a time, with reasons."""

from __future__ import annotations

from dataclasses import dataclass

import torch

_MIB = 2**20
#: The memory, in bytes, of a machine that the budgets are meant for.
_MACHINE = 8 * 2**30


@dataclass
class Budgets:
    """The memory budget of each kind of work, in bytes, read whenever it is needed, so that tests can make one small.

    >>> BUDGETS.grid
    2097152
    """

    #: What one snapshot remembers, activations and what was computed of them: 512 neurons on 113² inputs are 26 MB.
    #: Beyond it what was longest not asked for is let go, and computed again when it is.
    remembered: int = 512 * _MIB
    #: The activations of one block of inputs while a model runs on all of its task: less than an interpreter with
    #: torch takes, and large enough that the number of passes costs nothing.
    block: int = 256 * _MIB
    #: A block's logits and neurons in float64. Fresh memory is slow to touch for the first time; arrays of a few MB
    #: come back from the allocator as they were left.
    statistics: int = 16 * _MIB
    #: The activations that one forward pass of `capture` holds beside the buffers that it fills.
    capture: int = 64 * _MIB
    #: A chunk of a captured array on disk: what a reader of one input's activations has to load.
    chunk: int = 32 * _MIB
    #: A block of inputs on which one circle is run alone, at about 16 KiB an input.
    circle: int = 64 * _MIB
    #: Values on a grid of operands that are worked on at a time: what stays in the processor's cache is several times
    #: faster.
    grid: int = 2 * _MIB
    #: The activations of a block of the quick pass over a grid, on which a checkpoint's statistics are computed: of
    #: smaller ones, calling so many small operations takes longer than what is saved in the cache.
    grid_pass: int = 4 * _MIB
    #: The activations of a block while a stack of runs is evaluated, beside those of training.
    evaluation: int = 128 * _MIB
    #: The activations that runs trained at once may take; more runs than fit are trained in turn.
    stack: int = 2048 * _MIB


BUDGETS = Budgets()


def on_device(budget: int, device: torch.device) -> int:
    """A budget on that device: on a card in proportion to all of its memory, so that one card always gets the same.

    >>> on_device(BUDGETS.stack, torch.device("cpu")) == BUDGETS.stack
    True
    """
    if device.type != "cuda":
        return budget
    return budget * torch.cuda.get_device_properties(device).total_memory // _MACHINE


def rows_within(n_rows: int, bytes_per_row: int, budget: int) -> int:
    """How many rows fit `budget` bytes, at least one and at most all.

    >>> rows_within(10, bytes_per_row=30, budget=100)
    3
    """
    return max(1, min(n_rows, budget // max(1, bytes_per_row)))


def _hold_on_to_freed_memory() -> None:
    """Let the C library keep freed arrays of up to 32 MiB for the next ones, as it does once it has freed one.

    Else it gives every array of more than 128 KiB back to the system, and each page of the next is slow to touch for
    the first time: a fifth of the time of statistics over a table of inputs. Of other libraries than glibc nothing is
    asked by this; nothing is touched.
    """
    torch.empty(32 * _MIB - 2**16, dtype=torch.uint8)


_hold_on_to_freed_memory()
