"""What is said of a model, apart from the model: findings, controls, phases, the verdict, and how numbers read."""

from groklens.claims.causal_verdicts import DRAWS as DRAWS
from groklens.claims.causal_verdicts import FALL as FALL
from groklens.claims.causal_verdicts import TOLERANCE as TOLERANCE
from groklens.claims.causal_verdicts import fallen as fallen
from groklens.claims.causal_verdicts import kept as kept
from groklens.claims.finding import ASIDE as ASIDE
from groklens.claims.finding import Control as Control
from groklens.claims.finding import Finding as Finding
from groklens.claims.finding import Verdict as Verdict
from groklens.claims.keys import CONTROLS as CONTROLS
from groklens.claims.keys import FINDINGS as FINDINGS
from groklens.claims.lookup import by_key as by_key
from groklens.claims.lookup import with_key as with_key
from groklens.claims.overall_verdict import COUNTED as COUNTED
from groklens.claims.overall_verdict import counted as counted
from groklens.claims.overall_verdict import counted_with as counted_with
from groklens.claims.overall_verdict import verdict_of as verdict_of
from groklens.claims.phase import Phase as Phase
from groklens.claims.wording import in_units as in_units
from groklens.claims.wording import interval as interval
from groklens.claims.wording import named as named
from groklens.claims.wording import number as number
from groklens.claims.wording import percent as percent
from groklens.claims.wording import quantity as quantity
