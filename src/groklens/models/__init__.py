"""What learns: models built and run here. No other package imports transformer_lens, and here only `lens`."""

from groklens.models.answering import answered as answered
from groklens.models.answering import own_model as own_model
from groklens.models.at_rest import at_rest as at_rest
from groklens.models.copying import real_copy as real_copy
from groklens.models.engine import quick_applies as quick_applies
from groklens.models.engine import quick_holds as quick_holds
from groklens.models.engine import quick_logits as quick_logits
from groklens.models.loss import LOSSES_EACH as LOSSES_EACH
from groklens.models.loss import accuracy as accuracy
from groklens.models.mlp import MLP as MLP
from groklens.models.protocol import HookedModel as HookedModel
from groklens.models.protocol import NamesFilter as NamesFilter
from groklens.models.protocol import check_model as check_model
from groklens.models.protocol import matching_hooks as matching_hooks
from groklens.models.protocol import run_logits as run_logits
from groklens.models.protocol import weights as weights
from groklens.models.transformer import Transformer as Transformer
