"""Models: specifications, building, hooking and running them. Only `models.lens` imports TransformerLens."""

from typing import Any

from groklens.models.activations import MLP_ACTIVATIONS as MLP_ACTIVATIONS
from groklens.models.anatomy import Anatomy as Anatomy
from groklens.models.answering import Answer as Answer
from groklens.models.answering import AnsweringModel as AnsweringModel
from groklens.models.answering import answered as answered
from groklens.models.answering import is_hooked as is_hooked
from groklens.models.answering import own_model as own_model
from groklens.models.at_rest import at_rest as at_rest
from groklens.models.at_rest import at_rest_with_gradients as at_rest_with_gradients
from groklens.models.at_rest import random_set_aside as random_set_aside
from groklens.models.bridge_config import bridge_of_config as bridge_of_config
from groklens.models.configs import checked_transformer as checked_transformer
from groklens.models.copying import real_copy as real_copy
from groklens.models.device import check_device as check_device
from groklens.models.embedded import embedded_positions as embedded_positions
from groklens.models.embedded import operand_rows as operand_rows
from groklens.models.hooking import hooked as hooked
from groklens.models.loss import LOSSES_EACH as LOSSES_EACH
from groklens.models.loss import accuracy as accuracy
from groklens.models.loss import cross_entropy_each as cross_entropy_each
from groklens.models.loss import squared_error_each as squared_error_each
from groklens.models.loss import stablemax_each as stablemax_each
from groklens.models.loss import tied_accuracy as tied_accuracy
from groklens.models.mlp import MLP as MLP
from groklens.models.outputs import Answers as Answers
from groklens.models.outputs import answer_logits as answer_logits
from groklens.models.outputs import answers as answers
from groklens.models.outputs import as_float as as_float
from groklens.models.protocol import NamesFilter as NamesFilter
from groklens.models.protocol import check_model as check_model
from groklens.models.protocol import device_of as device_of
from groklens.models.protocol import every_logit as every_logit
from groklens.models.protocol import matching_hooks as matching_hooks
from groklens.models.protocol import parameters_squared as parameters_squared
from groklens.models.protocol import run_answers as run_answers
from groklens.models.protocol import run_logits as run_logits
from groklens.models.protocol import trained_of as trained_of
from groklens.models.protocol import weights as weights
from groklens.models.rebuild import describe_model as describe_model
from groklens.models.rebuild import rebuild_model as rebuild_model
from groklens.models.renamed import Renamed as Renamed
from groklens.models.shuffling import with_weights_shuffled as with_weights_shuffled
from groklens.models.site import Heads as Heads
from groklens.models.site import Site as Site
from groklens.models.site import mlp_site as mlp_site
from groklens.models.site import site_of as site_of
from groklens.models.sizes import allocating as allocating
from groklens.models.spec import ModelSpec as ModelSpec
from groklens.models.spec import build_model as build_model
from groklens.models.transformer import Transformer as Transformer
from groklens.models.unbuilt import built as built
from groklens.models.unbuilt import draws_nothing as draws_nothing
from groklens.models.unbuilt import unbuilt as unbuilt
from groklens.models.unembedding import gain_behind_attention as gain_behind_attention
from groklens.models.unembedding import read_by_norm as read_by_norm
from groklens.models.workspace import Workspace as Workspace
from groklens.public import lazily

#: What is built on TransformerLens, which takes seconds to import, by the file that has it.
_ON_TRANSFORMER_LENS = {"HookedMLP": "hooked_mlp"}


def __getattr__(name: str) -> Any:
    """The classes that need TransformerLens, imported when they are first asked for."""
    return lazily(__name__, _ON_TRANSFORMER_LENS, name)
