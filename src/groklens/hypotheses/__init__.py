"""Claims about what a model computes with: writing one down, and planting one in a model by hand."""

from groklens.hypotheses.circuit import AnyCircuit as AnyCircuit
from groklens.hypotheses.circuit import Circuit as Circuit
from groklens.hypotheses.circuit import as_circuit as as_circuit
from groklens.hypotheses.planted import planted as planted
