"""Looking at a model in the middle of somebody else's loop without being noticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def at_rest(model: Any) -> Iterator[None]:
    """`model` in evaluation mode, without gradients and with the random state set aside; all is put back."""
    modules = list(model.modules()) if hasattr(model, "modules") else [model]
    flags = [(module, module.training) for module in modules if hasattr(module, "training")]
    parameters = model.parameters() if hasattr(model, "parameters") else []
    devices = {parameter.device for parameter in parameters if parameter.is_cuda}
    with torch.random.fork_rng(devices=list(devices)), torch.no_grad():
        try:
            if hasattr(model, "eval"):
                model.eval()
            yield
        finally:
            for module, flag in flags:
                module.training = flag
