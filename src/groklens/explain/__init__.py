"""From a run to an explanation: algorithm, phases, findings."""

from groklens.claims import Phase as Phase
from groklens.explain.examine import examine as examine
from groklens.explain.explain import explain as explain
from groklens.explain.explanation import Explanation as Explanation
