"""Finite-group Fourier analysis: the one place where the mathematics is written."""

from groklens.harmonics.component import Component as Component
from groklens.harmonics.component import ComponentName as ComponentName
from groklens.harmonics.component import chosen_basis as chosen_basis
from groklens.harmonics.component import components as components
from groklens.harmonics.component import nontrivial as nontrivial
from groklens.harmonics.component import trivial_name as trivial_name
from groklens.harmonics.cyclic import discrete_log as discrete_log
from groklens.harmonics.cyclic import fourier_basis as fourier_basis
from groklens.harmonics.grid_spectrum import neuron_components as neuron_components
from groklens.harmonics.projection import answer_means as answer_means
from groklens.harmonics.projection import logit_similarity as logit_similarity
from groklens.harmonics.projection import operand_shares as operand_shares
from groklens.harmonics.projection import project_on_answer as project_on_answer
