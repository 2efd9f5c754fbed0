"""From a run to its explanation: phases, findings, headline."""

from groklens.explain.explain import explain as explain
from groklens.explain.explanation import Explanation as Explanation
from groklens.explain.phases import find_phases as find_phases
from groklens.explain.phases import stage_phases as stage_phases
from groklens.explain.run_facts import run_facts as run_facts
from groklens.explain.validate import schema as schema
from groklens.explain.validate import validate as validate
