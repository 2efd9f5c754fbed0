"""Recipes: complete descriptions of training runs as values, with their optimisers, losses and schedules."""

from groklens.public import public_names
from groklens.recipes.adam import Adam as Adam
from groklens.recipes.adamw import AdamW as AdamW
from groklens.recipes.before_change import before_change as before_change
from groklens.recipes.changed import changed as changed
from groklens.recipes.cross_entropy import CrossEntropy as CrossEntropy
from groklens.recipes.grokfast import Grokfast as Grokfast
from groklens.recipes.keep import Every as Every
from groklens.recipes.keep import Keep as Keep
from groklens.recipes.keep import LogSpaced as LogSpaced
from groklens.recipes.keep import Steps as Steps
from groklens.recipes.keep import kept_up_to as kept_up_to
from groklens.recipes.loss import Loss as Loss
from groklens.recipes.mean_squared_error import MeanSquaredError as MeanSquaredError
from groklens.recipes.muon import Muon as Muon
from groklens.recipes.optimizer import Optimizer as Optimizer
from groklens.recipes.ortho_grad import OrthoGrad as OrthoGrad
from groklens.recipes.recipe import Recipe as Recipe
from groklens.recipes.recipe import canonical as canonical
from groklens.recipes.sgd import SGD as SGD
from groklens.recipes.stablemax import StableMax as StableMax
from groklens.recipes.start import Start as Start

#: What stands here for other packages alone.
_FOR_THE_LIBRARY = {"before_change", "canonical", "kept_up_to", "public_names"}


def __dir__() -> list[str]:
    return public_names(globals(), _FOR_THE_LIBRARY)
