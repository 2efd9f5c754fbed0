"""A model in words: its class, its sizes and how many parameters it has."""

from __future__ import annotations

from typing import Any

from groklens.models.answering import kind_of
from groklens.models.protocol import number_of_parameters

#: The sizes that are said of a model, as its `cfg` calls them, and how.
_SIZES = {
    "n_layers": "{} layers",
    "d_model": "d_model {}",
    "n_heads": "{} heads",
    "d_mlp": "d_mlp {}",
    "act_fn": "{}",
    "normalization_type": "norm {}",
}
#: Those of which there is one.
_ONE = {"1 layers": "1 layer", "1 heads": "1 head"}


def in_words(model: Any) -> str:
    """The model's class, sizes and number of parameters, as far as it says them."""
    found = {name: getattr(model.cfg, name, None) for name in _SIZES}
    said = [_SIZES[name].format(value) for name, value in found.items() if value is not None]
    said = [_ONE.get(each, each) for each in said]
    if hasattr(model, "parameters"):
        said.append(f"{number_of_parameters(model):,} trained parameters")
    return ", ".join([kind_of(model), *said])
