"""What a model must have to be recorded, and what is written of it besides its weights."""

from __future__ import annotations

from typing import Any

from groklens.errors import BadArgument
from groklens.models import AnsweringModel, check_model, describe_model, is_hooked, own_model
from groklens.training.checkpoint_check import Witness


def check_recordable(model: Any) -> None:
    """Raise `BadArgument` for a model whose checkpoints nobody could open again."""
    check_model(model)
    if not callable(getattr(model, "load_state_dict", None)):
        raise BadArgument(
            f"A {type(model).__name__} has no load_state_dict, so its checkpoints could not be opened again; "
            "give it one, or derive it from torch.nn.Module."
        )


def description_of(model: Any, witness: Witness) -> dict[str, Any]:
    """What a model is built again from; its class alone where what is built would not be this model."""
    own = own_model(model)
    described = describe_model(own)
    if own is not model:
        around = {"answered": isinstance(model, AnsweringModel), "hooked": is_hooked(model)}
        return {"kind": described["kind"]} | {name: True for name, put in around.items() if put}
    return described if witness.agrees_with(described) else {"kind": described["kind"]}


def device_name(model: Any) -> str:
    """The device that a model's first parameter is on; the processor where it has none."""
    parameters = getattr(model, "parameters", None)
    first = next(iter(parameters()), None) if parameters else None
    return "cpu" if first is None else str(first.device)
