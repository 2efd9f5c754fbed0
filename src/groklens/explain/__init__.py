"""From a run to an explanation: its phases, its findings and its headline."""

from groklens.explain.explain import explain as explain
from groklens.explain.explanation import Explanation as Explanation
