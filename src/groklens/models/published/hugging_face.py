"""Bridges to language models that Hugging Face's transformers saved, in a folder or on the hub.

Weights are taken as they are (no norm folded, nothing centred) and as they are stored: mapped from their file, and
taken to float32 layer by layer where they are of half precision, so that the bridge's logits are those of the model
in float32. Only safetensors are read, and code that comes with a model is never run.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from groklens.errors import BadArgument, DamagedRun, described
from groklens.models.by_layer import float32_by_layer
from groklens.progress import without_wish_for_widgets

#: Attention that comes with torch, and computes what the architecture says.
_PLAIN = (None, "eager", "sdpa")
_HALF = {"F16": torch.float16, "BF16": torch.bfloat16}
_TAKEN_AS_THEY_ARE: dict[str, Any] = {
    "attn_implementation": "eager",  # others give no pattern to hook
    "ignore_mismatched_sizes": True,  # refused by name: `check_all_there`
    "output_loading_info": True,
}
#: What opening files raises, and the libraries whose errors say that fetching them was cut short.
_OPENING = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, ArithmeticError)
_FETCHING = ("httpx", "httpcore", "requests", "urllib3", "huggingface_hub", "hf_xet")
_ATTENTION = ("_attn_implementation", "attn_implementation", "_attn_implementation_internal")


def hugging_face_vocabulary(source: str | Path, revision: str | None = None) -> int:
    """The number of tokens that the configuration of a saved model names.

    Raises `DamagedRun` for a configuration that cannot be read, `BadArgument` for one of a model without tokens
    or that only code of its own could open.

    >>> hugging_face_vocabulary("runs/gpt2/checkpoint-500")  # doctest: +SKIP
    50257
    """
    config = _config(source, revision).get_text_config()
    size = getattr(config, "vocab_size", None)
    if not isinstance(size, int):
        raise BadArgument(f"{source} is a {config.model_type} without a vocabulary; give a language model.")
    return size


def resolved_config(folder: Path) -> dict[str, Any]:
    """The configuration of the language model in a folder as transformers takes it, with what the file leaves out.

    >>> resolved_config(Path("runs/gpt2/checkpoint-500"))["n_embd"]  # doctest: +SKIP
    768
    """
    return dict(_config(folder, None).get_text_config().to_dict())


def check_kind(config: dict[str, Any], where: str | Path) -> None:
    """Raise `BadArgument` for the configuration of a model whose attention or weights are of another kind than plain.

    >>> check_kind({"model_type": "gpt2", "_attn_implementation": "sdpa"}, "config.json")
    """
    for part in parts_of(config):
        for name in _ATTENTION:
            if part.get(name) not in _PLAIN:
                raise BadArgument(
                    f"{where} asks for {name}={described(part[name])}, and only 'eager' and 'sdpa' are read; where the "
                    f"model computes the same with them, write {name}: 'eager' there."
                )
        if part.get("quantization_config") is not None:
            raise BadArgument(
                f"{where} has a quantization_config, so its weights are codes for numbers, which are not read; save "
                "the model with its weights in full: model.dequantize().save_pretrained(folder)."
            )


def parts_of(config: dict[str, Any], deep: int = 4) -> Iterator[dict[str, Any]]:
    """A configuration and those inside it (`text_config`, …).

    >>> list(parts_of({"text_config": {}}))
    [{'text_config': {}}, {}]
    """
    yield config
    for value in config.values() if deep else ():
        if isinstance(value, dict):
            yield from parts_of(value, deep - 1)


def bridge_from_hugging_face(source: str | Path, revision: str | None = None) -> Any:
    """A `TransformerBridge` around a saved causal language model; it comes without a tokenizer.

    `source` is a folder with config.json and safetensors, or a name on the hub, `revision` a branch, tag or
    commit there. Raises `DamagedRun` for files that are missing, cut short or do not fit the configuration,
    `BadArgument` for a model that has no safetensors, needs code of its own, or has no bridge.

    >>> bridge_from_hugging_face("runs/gpt2/checkpoint-500").cfg.n_layers  # doctest: +SKIP
    12
    """
    _check_folder(source)
    check_kind(_as_saved(source, revision), _file(source, "config.json"))
    with torch.random.fork_rng(devices=[]):  # both draw numbers that are thrown away
        return bridge_around(_model(source, revision), str(source))


def bridge_around(model: Any, name: str) -> Any:
    """A `TransformerBridge` around an opened model, in evaluation mode; half precision is computed with by layer.

    Raises `BadArgument` for a model that TransformerLens has no bridge for.

    >>> bridge_around(GPT2LMHeadModel(config), "mine").cfg.n_layers  # doctest: +SKIP
    12
    """
    from groklens.models.lens import build_bridge_from_module

    architecture = (model.config.architectures or [type(model).__name__])[0]
    try:
        # Not boot_transformers: it would look for a tokenizer, on the hub if need be.
        bridge = build_bridge_from_module(
            model, architecture, hf_config=model.config, dtype=torch.float32, model_name=name
        )
    except (ValueError, KeyError, AttributeError, TypeError, RuntimeError) as error:
        raise BadArgument(
            f"TransformerLens has no bridge for {name} ({architecture}): {_line(error)}"
        ) from error
    return float32_by_layer(bridge).eval()


def _check_folder(source: str | Path) -> None:
    folder = Path(source)
    if not folder.is_dir() or any(folder.glob("*.safetensors")):
        return
    pickled = sorted(file.name for file in folder.glob("pytorch_model*.bin"))
    if not pickled:
        raise DamagedRun(f"{folder} has no model.safetensors, so its weights are missing; copy it again.")
    raise BadArgument(
        f"{folder} has its weights in {pickled[0]}, a pickle, which could run code when opened, and only "
        "safetensors are read. Where you trust it, write it anew with transformers: "
        "AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder)."
    )


def _config(source: str | Path, revision: str | None) -> Any:
    with without_wish_for_widgets():
        from transformers import AutoConfig

    with said_in_one_line(source, "config.json"):
        return AutoConfig.from_pretrained(
            source,
            revision=revision or "main",
            trust_remote_code=False,
            local_files_only=Path(source).is_dir(),
        )


def _as_saved(source: str | Path, revision: str | None) -> dict[str, Any]:
    """The configuration as its file has it, before transformers makes anything of it."""
    with without_wish_for_widgets():
        from transformers import PretrainedConfig

    with said_in_one_line(source, "config.json"):
        local = Path(source).is_dir()
        values, _ = PretrainedConfig.get_config_dict(
            source, revision=revision or "main", local_files_only=local
        )
    return dict(values)


def _model(source: str | Path, revision: str | None) -> Any:
    from transformers import AutoModelForCausalLM

    open_model: Any = AutoModelForCausalLM.from_pretrained
    with said_in_one_line(source, "model.safetensors"), _quiet():
        model, found = open_model(
            source,
            revision=revision or "main",
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=Path(source).is_dir(),
            dtype=_stored_as(source),  # weights that need no other type stay in the file, by memory map
            **_TAKEN_AS_THEY_ARE,
        )
    check_all_there(found, _file(source, "model.safetensors"))
    return model


def model_of_state(config: Any, weights: dict[str, Tensor], where: str) -> tuple[Any, dict[str, Any]]:
    """A model of transformers around named weights, which are not copied, and what it says of their names.

    The model has the type that most of the weights have.

    >>> model_of_state(LlamaConfig(), weights, "model.gguf")[1]["missing_keys"]  # doctest: +SKIP
    set()
    """
    from transformers import AutoModelForCausalLM

    kind: Any = AutoModelForCausalLM._model_mapping[type(config)]
    sizes: Counter[torch.dtype] = Counter()
    for value in weights.values():
        sizes[value.dtype] += value.numel()
    with said_in_one_line(where), _quiet():
        model, found = kind.from_pretrained(
            None,
            config=config,
            state_dict=weights,
            dtype=max(sizes, key=sizes.__getitem__),
            **_TAKEN_AS_THEY_ARE,
        )
    return model, found


def check_all_there(
    found: dict[str, Any], where: str, told: str = "config.json describes; copy both"
) -> None:
    """Raise `DamagedRun` where transformers filled what is missing with random numbers, of which it only warns.

    >>> check_all_there({"missing_keys": [], "mismatched_keys": []}, "model.safetensors")
    """
    missing = sorted(found["missing_keys"])
    wrong = sorted(str(key[0]) for key in found["mismatched_keys"])
    if missing or wrong:
        names = missing or wrong
        what = "lacks" if missing else "has in another shape"
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        raise DamagedRun(f"{where} {what} {shown}: it is not the model that its {told} again.")


def _stored_as(source: str | Path) -> torch.dtype:
    """The type of the weights in a folder, where it is one for all and of half precision; else float32.

    A model on the hub is taken to float32: what its files hold is not known before they are here.
    """
    from safetensors import safe_open

    kinds = set()
    for file in Path(source).glob("model*.safetensors") if Path(source).is_dir() else ():
        with safe_open(file, framework="pt") as content:
            kinds |= {content.get_slice(name).get_dtype() for name in content.keys()}  # noqa: SIM118 (no mapping)
    return _HALF.get(kinds.pop(), torch.float32) if len(kinds) == 1 else torch.float32


@contextlib.contextmanager
def said_in_one_line(source: str | Path, name: str = "") -> Iterator[None]:
    """What transformers raises, and its parsers, as one error of ours that names the file."""
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    where = _file(source, name)
    try:
        yield
    except (SafetensorError, StrictDataclassError) as error:
        raise DamagedRun(f"{where} is damaged: {_line(error.__cause__ or error)}") from error
    except Exception as error:
        if not isinstance(error, _OPENING) and type(error).__module__.partition(".")[0] not in _FETCHING:
            raise
        if "trust_remote_code" in str(error):
            raise BadArgument(
                f"{where} asks for code of its own to be run, which is refused; give a model that "
                "transformers knows, or a bridge that you built yourself to gl.Snapshot(model, task)."
            ) from error
        raise DamagedRun(f"{where} cannot be opened: {_line(error)}") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and load reports: what they say is said in an error."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _file(source: str | Path, name: str) -> str:
    return str(Path(source) / name) if Path(source).is_dir() else str(source)


def _line(error: BaseException) -> str:
    """The first line of an error's message, or its class where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
