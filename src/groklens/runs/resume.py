"""The resume state of unfinished runs: weights, optimiser, and what they belong to, under a digest."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from groklens.errors import DamagedRun
from groklens.recipes import Recipe, canonical
from groklens.runs.file_checks import check_regular
from groklens.runs.files import write_atomically
from groklens.runs.history import Written


@dataclass(frozen=True)
class ResumeState:
    """Where a run, or a stack of runs, can be resumed: after `step` updates of each.

    `recipes` are trained at once, in this order: the last digits of a product depend on how many are taken at once,
    so a stack has one state, which is there whole or not at all. `histories` is what stood in the history of each.
    """

    step: int
    recipes: tuple[Recipe, ...]
    histories: tuple[Written, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the recipes, in order."""
        return tuple(recipe.id for recipe in self.recipes)

    def write(self, path: Path, tensors: Iterable[Mapping[str, Tensor]]) -> None:
        """Store the state and the tensors of each run, atomically and under a digest of both."""
        from safetensors.torch import save

        own = {
            f"{row}/{name}": tensor.detach().cpu().clone().contiguous()
            for row, of_run in enumerate(tensors)
            for name, tensor in of_run.items()
        }
        values = self._values()
        digest = _digest({"state": canonical(values)}, own)
        # One entry: several would be written in another order each time, and equal states be other files.
        data = save(own, metadata={"state": canonical(values | {"sha256": digest})})
        write_atomically(path, data, parents=False)

    @classmethod
    def peek(cls, path: Path) -> ResumeState:
        """The state without its tensors and without checking its digest; `DamagedRun` where it cannot be read."""
        from safetensors import safe_open

        with _reading(path), safe_open(path, "pt") as file:
            return cls._of(json.loads((file.metadata() or {})["state"]))

    @classmethod
    def read(cls, path: Path) -> tuple[ResumeState, list[dict[str, Tensor]]]:
        """The state and the tensors of each run, exactly as written; `DamagedRun` where anything differs."""
        from safetensors import safe_open

        with _reading(path), safe_open(path, "pt") as file:
            fields = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            values = json.loads(fields["state"])
            wanted = values.pop("sha256", fields.pop("sha256", None))
            fields["state"] = canonical(values)
            if wanted != _digest(fields, tensors):
                raise ValueError(
                    "its checksum differs" if wanted else "it has no checksum, as those of groklens 0.1"
                )
            state = cls._of(values)
            of_runs: list[dict[str, Tensor]] = [{} for _ in state.recipes]
            for name, tensor in tensors.items():
                row, _, short = name.partition("/")
                of_runs[int(row)][short] = tensor
            return state, of_runs

    def _values(self) -> dict[str, Any]:
        runs = [
            {"recipe": recipe.to_dict(), "history": list(history)}
            for recipe, history in zip(self.recipes, self.histories, strict=True)
        ]
        return {"step": self.step, "runs": runs}

    @classmethod
    def _of(cls, values: Mapping[str, Any]) -> ResumeState:
        runs = values["runs"]
        recipes = tuple(Recipe.from_dict(run["recipe"]) for run in runs)
        step = int(values["step"])
        if not recipes or not 0 <= step <= min(recipe.steps for recipe in recipes):
            raise ValueError(f"it is of step {step}, which its recipe does not have")
        return cls(step, recipes, tuple(Written(*run["history"]) for run in runs))


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Context that turns any error in reading a resume state into one that names its file and the way on."""
    from safetensors import SafetensorError

    check_regular(path)
    try:
        yield
    except (
        SafetensorError, LookupError, ValueError, TypeError, RuntimeError, OSError, MemoryError, RecursionError
    ) as error:  # fmt: skip
        lacks = "it lacks " if isinstance(error, KeyError) else ""
        raise damaged(path, f"{lacks}{' '.join(str(error).split())}") from error


def damaged(path: Path, why: str) -> DamagedRun:
    """The error for a damaged resume state."""
    return DamagedRun(
        f"{path} is damaged ({why}); delete that one file and call again: the run then starts over and writes its "
        "checkpoints again."
    )


def _digest(fields: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(fields.items()):
        digest.update(f"{name}={value}\n".encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
