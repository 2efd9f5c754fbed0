"""What is said of a model, apart from the model: findings, controls, phases, the verdict, and how numbers read."""

from groklens.claims.finding import ASIDE as ASIDE
from groklens.claims.finding import Control as Control
from groklens.claims.finding import Finding as Finding
from groklens.claims.finding import Verdict as Verdict
from groklens.claims.judgement import DRAWS as DRAWS
from groklens.claims.judgement import FALL as FALL
from groklens.claims.judgement import TOLERANCE as TOLERANCE
from groklens.claims.judgement import fallen as fallen
from groklens.claims.judgement import kept as kept
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
