"""Numpy's arrays as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch


def as_tensors(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Numpy arrays as tensors in this machine's byte order; scalars and strings as Python's.

    >>> import numpy as np
    >>> as_tensors({"w": np.zeros(2, dtype=">f4"), "step": np.array(5)})
    {'w': tensor([0., 0.]), 'step': 5}
    """
    return {name: _as_tensor(value) for name, value in arrays.items()}


def _as_tensor(value: Any) -> Any:
    import numpy as np

    if value.ndim == 0:
        return value.item()
    if value.dtype.kind not in "fiub":
        return value.tolist()
    return torch.from_numpy(np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("=")))
