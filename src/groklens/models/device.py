"""Checking the name of a torch device."""

from __future__ import annotations

from typing import Any

import torch

from groklens.errors import BadArgument, described


def check_device(device: Any) -> torch.device:
    """The torch device of that name; `BadArgument`, listing those there are, where torch has none or cannot use it.

    >>> check_device("cpu")
    device(type='cpu')
    """
    try:
        found = torch.device(device)
        if found.type != "meta":  # which holds no numbers
            torch.zeros(1, device=found)
            return found
    except (AssertionError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise BadArgument(_absent(device)) from error
    raise BadArgument(_absent(device))


def _absent(device: object) -> str:
    there = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    there += ["mps"] * torch.backends.mps.is_available()
    return (
        f"device is {described(device)}, which torch cannot use here; there is {', '.join(map(repr, there))}."
    )
