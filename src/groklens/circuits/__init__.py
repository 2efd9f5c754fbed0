"""Claims about what a model computes with: writing one down, finding one, planting one."""

from groklens.circuits.circuit import AnyCircuit as AnyCircuit
from groklens.circuits.circuit import Circuit as Circuit
from groklens.circuits.circuit import as_circuit as as_circuit
from groklens.circuits.planted import planted as planted
from groklens.circuits.search import Search as Search
from groklens.circuits.search import find_circuit as find_circuit
from groklens.circuits.search import search as search
