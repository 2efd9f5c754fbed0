"""Finite-group Fourier analysis: the one place where the mathematics is written."""

from groklens.harmonics.classes import conjugacy_classes as conjugacy_classes
from groklens.harmonics.classes import element_orders as element_orders
from groklens.harmonics.component import Component as Component
from groklens.harmonics.component import ComponentName as ComponentName
from groklens.harmonics.component import chosen_basis as chosen_basis
from groklens.harmonics.component import components as components
from groklens.harmonics.component import nontrivial as nontrivial
from groklens.harmonics.component import trivial_name as trivial_name
from groklens.harmonics.cyclic import discrete_log as discrete_log
from groklens.harmonics.cyclic import fourier_basis as fourier_basis
from groklens.harmonics.grid_spectrum import neuron_components as neuron_components
from groklens.harmonics.grid_spectrum import shares_in as shares_in
from groklens.harmonics.grid_spectrum import without_components as without_components
from groklens.harmonics.irreps import component_name as component_name
from groklens.harmonics.irreps import irrep_matrices as irrep_matrices
from groklens.harmonics.isomorphism import isomorphism as isomorphism
from groklens.harmonics.projection import answer_means as answer_means
from groklens.harmonics.projection import logit_similarity as logit_similarity
from groklens.harmonics.projection import operand_shares as operand_shares
from groklens.harmonics.projection import project_on_answer as project_on_answer
from groklens.harmonics.subgroups import SubgroupClass as SubgroupClass
from groklens.harmonics.subgroups import left_cosets as left_cosets
from groklens.harmonics.subgroups import right_cosets as right_cosets
from groklens.harmonics.subgroups import subgroup_classes as subgroup_classes
