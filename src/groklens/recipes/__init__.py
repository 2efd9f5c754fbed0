"""Descriptions of training runs: values, no behaviour."""

from groklens.recipes.keep import Every as Every
from groklens.recipes.keep import Keep as Keep
from groklens.recipes.keep import LogSpaced as LogSpaced
from groklens.recipes.keep import Steps as Steps
from groklens.recipes.keep import kept_up_to as kept_up_to
from groklens.recipes.optimizer import SGD as SGD
from groklens.recipes.optimizer import AdamW as AdamW
from groklens.recipes.recipe import Recipe as Recipe
from groklens.recipes.recipe import canonical as canonical
