"""What is said of a model, apart from the model: findings, controls, phases, the verdict, and how numbers read."""

from groklens.claims.finding import Control as Control
from groklens.claims.finding import Finding as Finding
from groklens.claims.finding import Role as Role
from groklens.claims.finding import Verdict as Verdict
from groklens.claims.phase import Phase as Phase
from groklens.claims.verdict import COUNTED as COUNTED
from groklens.claims.verdict import counted as counted
from groklens.claims.verdict import in_words as in_words
from groklens.claims.verdict import verdict_of as verdict_of
from groklens.claims.wording import in_units as in_units
from groklens.claims.wording import interval as interval
from groklens.claims.wording import named as named
from groklens.claims.wording import number as number
from groklens.claims.wording import percent as percent
from groklens.claims.wording import quantity as quantity
