"""Hypotheses about what a model computes with, and models planted by hand with a known algorithm."""

from groklens.hypotheses.circuit import AnyCircuit as AnyCircuit
from groklens.hypotheses.circuit import Circuit as Circuit
from groklens.hypotheses.circuit import as_circuit as as_circuit
from groklens.hypotheses.latent_network import rebuilt as rebuilt
from groklens.hypotheses.planted import planted as planted
