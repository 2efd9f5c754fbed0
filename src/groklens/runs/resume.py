"""What an unfinished run needs to go on, under a digest: weights, optimiser, and what they belong to."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from groklens.errors import DamagedRun
from groklens.runs.files import write_atomically
from groklens.runs.history import Written
from groklens.runs.kinds import check_regular


@dataclass(frozen=True)
class ResumeState:
    """Where a run can be taken up.

    `step` updates were made of the run of recipe `recipe`. It was trained at once with the runs `stack`, in this
    order and itself among them: the last digits of a product depend on how many are taken at once. `history` is what
    stood in history.csv.
    """

    step: int
    recipe: str
    stack: tuple[str, ...]
    history: Written

    def write(self, path: Path, tensors: Mapping[str, Tensor]) -> None:
        """Store the state and its tensors, atomically and under a digest of both."""
        from safetensors.torch import save

        own = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
        fields = self._fields()
        data = save(own, metadata=fields | {"sha256": _digest(fields, own)})
        write_atomically(path, data, parents=False)

    @classmethod
    def peek(cls, path: Path) -> ResumeState:
        """The state without its tensors, and without a look at its digest; `DamagedRun` where it cannot be read."""
        from safetensors import safe_open

        with _reading(path), safe_open(path, "pt") as file:
            return cls._of(file.metadata() or {})

    @classmethod
    def read(cls, path: Path) -> tuple[ResumeState, dict[str, Tensor]]:
        """The state and its tensors, exactly as they were written; `DamagedRun` where anything differs."""
        from safetensors import safe_open

        with _reading(path), safe_open(path, "pt") as file:
            fields = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            wanted = fields.pop("sha256", None)
            if wanted != _digest(fields, tensors):
                raise ValueError(
                    "its checksum differs" if wanted else "it has no checksum, as those of groklens 0.1"
                )
            return cls._of(fields), tensors

    def _fields(self) -> dict[str, str]:
        return {
            "step": str(self.step),
            "recipe": self.recipe,
            "stack": " ".join(self.stack),
            "history_bytes": str(self.history.n_bytes),
            "history_sha256": self.history.sha256,
        }

    @classmethod
    def _of(cls, fields: Mapping[str, str]) -> ResumeState:
        return cls(
            step=int(fields["step"]),
            recipe=fields["recipe"],
            stack=tuple(fields["stack"].split(" ")),
            history=Written(int(fields["history_bytes"]), fields["history_sha256"]),
        )


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """What goes wrong in reading a state, as one error that names its file and the way on."""
    from safetensors import SafetensorError

    check_regular(path)
    try:
        yield
    except (SafetensorError, KeyError, ValueError, RuntimeError, OSError, MemoryError) as error:
        lacks = "it lacks " if isinstance(error, KeyError) else ""
        raise damaged(path, f"{lacks}{' '.join(str(error).split())}") from error


def damaged(path: Path, why: str) -> DamagedRun:
    """The error for a resume state that cannot be trusted."""
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
