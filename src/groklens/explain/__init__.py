"""From a run to its explanation: phases, findings, headline."""

from groklens.explain.explain import explain as explain
from groklens.explain.explanation import Explanation as Explanation
from groklens.explain.validate import schema as schema
from groklens.explain.validate import validate as validate
