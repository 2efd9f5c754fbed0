"""The user's module itself, out of what a trainer puts around it, or a refusal where its weights are elsewhere."""

from __future__ import annotations

from typing import Any

from torch import nn

from groklens.errors import BadArgument, described, did_you_mean

_AROUND = (nn.DataParallel, nn.parallel.DistributedDataParallel)
_GATHER = (
    "which no one process can record without changing the training; let the trainer save whole checkpoints, and open "
    "its folder afterwards: gl.load(output_dir, task=task)."
)


def bare(module: Any, within: str = "") -> nn.Module:
    """The module that is trained, out of compilation and of copies over devices, or its submodule at path `within`.

    Raises `BadArgument` for what is no module, for weights that are spread over processes (FSDP, DeepSpeed), and for a
    path that the module does not have.

    >>> bare(nn.DataParallel(nn.Linear(2, 2)))
    Linear(in_features=2, out_features=2, bias=True)
    """
    module = _unwrapped(module)
    if not isinstance(module, nn.Module):
        raise BadArgument(f"What is trained is {described(module)}; groklens records torch modules.")
    if within:
        module = _unwrapped(_submodule(module, within))
    _check_whole(module)
    return module


def _unwrapped(module: Any) -> Any:
    while True:
        inner = module.module if isinstance(module, _AROUND) else getattr(module, "_orig_mod", None)
        if inner is None:
            return module
        module = inner


def _submodule(module: nn.Module, path: str) -> nn.Module:
    known = [name for name, _ in module.named_modules() if name]
    if path not in known:
        asked = did_you_mean(str(path), known)
        raise BadArgument(
            f"within is {described(path)}, and the {type(module).__name__} has no such submodule; "
            f"{asked or 'it has ' + ', '.join(known[:10]) + '.'}"
        )
    return module.get_submodule(path)


def _check_whole(module: nn.Module) -> None:
    """Raise where this process does not hold all of the weights, by the marks that FSDP and DeepSpeed leave."""
    sharded = any(type(part).__name__ == "FullyShardedDataParallel" for part in module.modules())
    marks = any(type(each).__name__ == "DTensor" or hasattr(each, "ds_id") for each in module.parameters())
    if sharded or marks:
        raise BadArgument(f"The weights of this {type(module).__name__} are spread over processes, {_GATHER}")
