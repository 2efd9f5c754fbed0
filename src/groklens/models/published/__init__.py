"""Models as others publish them, rebuilt from their weights and configurations."""

from typing import Any

from groklens.models.published.hugging_face import bridge_from_hugging_face as bridge_from_hugging_face
from groklens.models.published.hugging_face import check_kind as check_kind
from groklens.models.published.hugging_face import hugging_face_vocabulary as hugging_face_vocabulary
from groklens.models.published.hugging_face import parts_of as parts_of
from groklens.models.published.hugging_face import resolved_config as resolved_config
from groklens.models.published.old_weights import bridge_from_weights as bridge_from_weights
from groklens.models.published.old_weights import by_new_names as by_new_names
from groklens.models.published.old_weights import full_config as full_config
from groklens.models.published.old_weights import granted as granted
from groklens.models.published.saved_config import given_config as given_config
from groklens.models.published.saved_config import saved_config as saved_config
from groklens.models.published.told import biases_left_out as biases_left_out
from groklens.models.published.told import choices_left as choices_left
from groklens.models.published.told import heads_of_bridge as heads_of_bridge
from groklens.models.published.told import left_open as left_open
from groklens.models.published.told import n_layers as n_layers
from groklens.models.published.told import names_of as names_of
from groklens.models.published.told import told_by as told_by
from groklens.public import lazily

#: What is built on TransformerLens, which takes seconds to import, by the file that has it.
_ON_TRANSFORMER_LENS = {
    "PairNetwork": "pair_network",
    "PartUniformTransformer": "part_uniform",
    "KINDS": "pair_network",
}


def __getattr__(name: str) -> Any:
    """The classes that need TransformerLens, imported when they are first asked for."""
    return lazily(__name__, _ON_TRANSFORMER_LENS, name)
