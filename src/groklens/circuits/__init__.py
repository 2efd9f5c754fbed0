"""Claims about what a model computes with: writing one down, finding one, planting one."""

from groklens.circuits.circuit import Circuit as Circuit
from groklens.circuits.finding import Control as Control
from groklens.circuits.finding import Finding as Finding
