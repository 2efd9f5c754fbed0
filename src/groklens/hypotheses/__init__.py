"""Hypotheses about what a model computes with, and models planted by hand with a known algorithm."""

from groklens.hypotheses.circuit import AnyCircuit as AnyCircuit
from groklens.hypotheses.circuit import Circuit as Circuit
from groklens.hypotheses.circuit import as_circuit as as_circuit
from groklens.hypotheses.circuit import circuit_such_as as circuit_such_as
from groklens.hypotheses.circuit_part import Components as Components
from groklens.hypotheses.circuit_part import OfAnswer as OfAnswer
from groklens.hypotheses.circuit_part import Relabelled as Relabelled
from groklens.hypotheses.helix import Helix as Helix
from groklens.hypotheses.hypothesis import SITES as SITES
from groklens.hypotheses.hypothesis import Act as Act
from groklens.hypotheses.hypothesis import Hypothesis as Hypothesis
from groklens.hypotheses.hypothesis import Null as Null
from groklens.hypotheses.hypothesis import Part as Part
from groklens.hypotheses.hypothesis import said_at as said_at
from groklens.hypotheses.latent_logits import rebuilt_logits as rebuilt_logits
from groklens.hypotheses.latent_network import rebuilt as rebuilt
from groklens.hypotheses.parity import Parity as Parity
from groklens.hypotheses.planted import planted as planted
from groklens.hypotheses.planted_bilingual import planted_bilingual as planted_bilingual
from groklens.hypotheses.planted_circle import save_planted_circle as save_planted_circle
from groklens.hypotheses.planted_induction import planted_induction as planted_induction
from groklens.hypotheses.planted_unigram import planted_unigram as planted_unigram
from groklens.hypotheses.units import Heads as Heads
from groklens.hypotheses.units import Neurons as Neurons
from groklens.hypotheses.units import some as some
from groklens.hypotheses.units import without as without
from groklens.hypotheses.values import constant_at as constant_at
from groklens.hypotheses.values import hooks_at as hooks_at
from groklens.hypotheses.values import state_hook as state_hook
from groklens.hypotheses.values import values_at as values_at
from groklens.public import public_names

#: What stands here for other packages alone.
_FOR_THE_LIBRARY = {
    "Act",
    "Components",
    "Null",
    "OfAnswer",
    "Part",
    "Relabelled",
    "circuit_such_as",
    "constant_at",
    "state_hook",
    "hooks_at",
    "rebuilt_logits",
    "public_names",
    "said_at",
    "some",
    "values_at",
    "without",
}


def __dir__() -> list[str]:
    return public_names(globals(), _FOR_THE_LIBRARY)
