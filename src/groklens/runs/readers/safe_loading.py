"""Loading torch, JSON and state-dictionary files of others without executing anything in them."""

from __future__ import annotations

import contextlib
import json
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from groklens.errors import DamagedRun, GroklensError
from groklens.models.published import bridge_from_weights
from groklens.runs.file_checks import check_archive, check_size, is_archive
from groklens.runs.file_kinds import container_of, told_apart
from groklens.runs.readers.numpy_values import as_read, stand_ins
from groklens.tasks import Task

_SAVE_PLAIN = (
    "Where it was written and is trusted, save it again with plain values: weights as model.state_dict(), a "
    "configuration as a dictionary, saved['config'] = dict(vars(saved['config']))."
)
_SEEN: ContextVar[dict[tuple[Path, Callable[[Path], Any]], Any] | None] = ContextVar("seen", default=None)


@contextlib.contextmanager
def each_once() -> Iterator[None]:
    """Context in which every file of weights is read once, however many readers look at it."""
    token = _SEEN.set({})
    try:
        yield
    finally:
        _SEEN.reset(token)


def remembered(path: Path, read: Callable[[Path], Any]) -> Any:
    """The result, or the error, of `read` on a file: computed once inside `each_once`, every time elsewhere."""
    seen = _SEEN.get()
    if seen is None:
        return read(path)
    asked = (path, read)
    if asked not in seen:
        try:
            seen[asked] = read(path)
        except DamagedRun as error:
            seen[asked] = error
    if isinstance(seen[asked], DamagedRun):
        raise seen[asked]
    return seen[asked]


def read_torch(path: Path) -> Any:
    """The content of a torch file, tensors and plain containers only; code in it is refused, never run.

    Raises `DamagedRun` for a file that is missing, cut short, changed since it was written, or pickled.

    >>> read_torch(Path("model.pt"))["embed.W_E"].shape  # doctest: +SKIP
    torch.Size([114, 128])
    """
    return remembered(path, _read_torch)


def _read_torch(path: Path) -> Any:
    check_archive(path)
    if said := told_apart(path):
        raise DamagedRun(said)
    try:
        with warnings.catch_warnings():  # of pickles that are refused anyway
            warnings.simplefilter("ignore")
            content = _unpickled(path)
        _check_sums(path)
        return content
    except FileNotFoundError as error:
        raise DamagedRun(f"There is no {path}.") from error
    except pickle.UnpicklingError as error:
        raise DamagedRun(_refusal(path, str(error))) from error
    except GroklensError:
        raise
    except Exception as error:  # what others wrote can be wrong in more ways than can be listed
        raise DamagedRun(
            f"{path} is no complete torch file ({_why(path, one_line(error))}); copy it again."
        ) from error


def _unpickled(path: Path) -> Any:
    """What torch reads of a file when it runs nothing in it; numpy's and Python's own values by stand-ins."""
    with open(path, "rb") as file:  # by its name torch would take it for something else
        try:
            return torch.load(file, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            if "GLOBAL" not in str(error) and "numpy" not in str(error):
                raise
        file.seek(0)
        with stand_ins():
            return as_read(torch.load(file, map_location="cpu", weights_only=True))


def _why(path: Path, said: str) -> str:
    """Why torch cannot open a file, in words."""
    if not path.is_file():
        return said
    with open(path, "rb") as file:
        begins = file.read(2)
    known = begins == b"PK" or begins[:1] == b"\x80"
    return said if known else f"{path.stat().st_size} bytes that are none of torch's"


def _check_sums(path: Path) -> None:
    """Verify the checksum of every tensor, which torch writes and does not check when it reads."""
    if is_archive(path):
        with zipfile.ZipFile(path) as archive:
            changed = archive.testzip()
        if changed is not None:
            raise DamagedRun(
                f"{path} is not what was written (the checksum of {changed} differs); copy it again."
            )


def _refusal(path: Path, message: str) -> str:
    """The message that refuses a pickle, with the class in it where torch names one."""
    named = re.search(r"GLOBAL (\S+)", message)
    if named is None:
        detail = (message.split("WeightsUnpickler error:")[-1].strip().splitlines() or [""])[0][:160]
        if detail.startswith("a numpy array of '"):
            return f"{path} holds {detail}, so it is refused. {_SAVE_PLAIN}"
        return (
            f"{path} is damaged, or holds more than tensors and plain containers, and is refused "
            f"({_why(path, detail)}); copy it again."
        )
    return (
        f"{path} holds a pickled {named[1]}; what is neither a tensor nor a plain value could run code when opened, "
        f"so it is refused. {_SAVE_PLAIN}"
    )


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Context that turns any error from a file's content into one `DamagedRun` of one line that names the file.

    A file that others wrote can be wrong in more ways than can be listed.

    >>> with reading(Path("model.pt")):  # doctest: +IGNORE_EXCEPTION_DETAIL
    ...     {}["embed.W_E"]
    Traceback (most recent call last):
    DamagedRun: model.pt does not hold what files of its format do (it lacks 'embed.W_E'); copy it again.
    """
    try:
        yield
    except GroklensError as error:
        if path.name in str(error) and "\n" not in str(error):
            raise
        raise DamagedRun(f"{path}: {one_line(error)}") from error
    except (
        ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError
    ) as error:  # fmt: skip
        lacks = "it lacks " if isinstance(error, KeyError) else ""
        raise DamagedRun(
            f"{path} does not hold what files of its format do ({lacks}{one_line(error)}); copy it again."
        ) from error


def read_state(path: Path) -> dict[str, Tensor]:
    """A state dictionary from a file: tensors by name."""
    state = read_torch(path)
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    ):
        raise DamagedRun(f"{path} holds no state dictionary (names to tensors), but {_kind(state)}.")
    if not state:
        raise DamagedRun(f"{path} holds no weights: its dictionary is empty; copy it again.")
    return state


def read_json_file(path: Path) -> Any:
    """The content of a JSON file; `DamagedRun` where it is missing, cut short, too large or nested too deep."""
    check_size(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DamagedRun(f"There is no {path}, which says what the weights beside it are.") from error
    except RecursionError as error:
        raise DamagedRun(
            f"{path} is no configuration: its values are nested too deep; copy it again."
        ) from error
    except (ValueError, OSError) as error:
        raise DamagedRun(f"{path} is no complete JSON file ({one_line(error)}); copy it again.") from error


def read_config(path: Path) -> dict[str, Any]:
    """A JSON object from a file."""
    values = read_json_file(path)
    if not isinstance(values, dict):
        raise DamagedRun(f"{path} holds no JSON object but a {type(values).__name__}.")
    return values


def load_weights(model: Any, weights: dict[str, Tensor], path: Path) -> Any:
    """Load named weights into a model, all of them and in their shapes; `DamagedRun` names what does not fit."""
    own = dict(model.named_parameters())
    wrong = [
        name
        for name, parameter in own.items()
        if name in weights and tuple(weights[name].shape) != tuple(parameter.shape)
    ]
    missing = [name for name in own if name not in weights]
    if missing or wrong:
        what = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(wrong)} in another shape"
        raise DamagedRun(f"{path} {what}: it is not the model that its configuration describes.")
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(weights[name])
    return model


def check_weights(path: Path, state: Mapping[str, Any]) -> None:
    """Raise `DamagedRun` unless the weights are plain real tensors in memory, no larger than the file."""
    most = max(2**20, 2 * path.stat().st_size) if path.is_file() else None
    for name, tensor in state.items():
        if name.endswith(("mask", "IGNORE")):
            continue
        if tensor.layout != torch.strided or tensor.device.type != "cpu" or not tensor.is_floating_point():
            kind = f"{tensor.dtype}, {tensor.layout}, {tensor.device}".replace("torch.", "")
            raise DamagedRun(f"{path} holds {name} as {kind}, and plain real numbers are expected there.")
        # A view can be declared far larger than what it looks at.
        if (
            most is not None
            and (container_of(path) or path.suffix) != ".npz"
            and tensor.numel() * tensor.element_size() > most
        ):
            raise DamagedRun(f"{path} declares {tensor.numel():,} numbers in {name}, more than it holds.")


def legacy_model(path: Path, state: Mapping[str, Tensor], task: Task, config: Mapping[str, Any]) -> Any:
    """A bridge with the weights `state` of the file at `path`, large enough for the task's inputs and answers.

    `config` says what the weights do not tell. Raises `DamagedRun` naming the file for weights that are not one
    transformer's or do not fit the task.

    >>> legacy_model(path, read_state(path), task, config).cfg.d_vocab  # doctest: +SKIP
    114
    """
    check_weights(path, state)
    with reading(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tensors in odd shapes, which are refused by name
        model = bridge_from_weights(state, config, task.n_ctx)
    check_fits(path, model, task)
    return model


def check_fits(path: Path, model: Any, task: Task) -> None:
    """Raise `DamagedRun` for a model too small for the task's inputs or answers."""
    for name in ("d_vocab", "d_vocab_out", "n_ctx"):
        found, needed = getattr(model.cfg, name), getattr(task, name)
        if found < needed:
            raise DamagedRun(
                f"{path} holds a model with {name} {found}, but {task.name} needs {needed}: weights are "
                "missing, or it was trained on another task. Copy it again, or give load its own task=."
            )


def one_line(error: BaseException) -> str:
    """An error's message as one line of bounded length, or its class where it has none.

    >>> one_line(ValueError("two\\n  lines"))
    'two lines'
    """
    return " ".join(str(error).split())[:300] or type(error).__name__


def _kind(value: Any) -> str:
    return (
        f"a dictionary with {', '.join(map(str, list(value)[:5]))}"
        if isinstance(value, dict)
        else repr(type(value))
    )
