"""Finite-group Fourier analysis: real irreps, bases, projections and spectra of functions on a group."""

from groklens.groups import SubgroupClass as SubgroupClass
from groklens.groups import conjugacy_classes as conjugacy_classes
from groklens.groups import element_orders as element_orders
from groklens.groups import isomorphism as isomorphism
from groklens.groups import left_cosets as left_cosets
from groklens.groups import right_cosets as right_cosets
from groklens.groups import subgroup_classes as subgroup_classes
from groklens.harmonics.component import Component as Component
from groklens.harmonics.component import chosen_basis as chosen_basis
from groklens.harmonics.component import component_power as component_power
from groklens.harmonics.component import components as components
from groklens.harmonics.component import nontrivial as nontrivial
from groklens.harmonics.component import nontrivial_functions as nontrivial_functions
from groklens.harmonics.component import trivial_name as trivial_name
from groklens.harmonics.cyclic import discrete_log as discrete_log
from groklens.harmonics.cyclic import fourier_basis as fourier_basis
from groklens.harmonics.cyclic_orders import cyclic_orders as cyclic_orders
from groklens.harmonics.cyclic_orders import open_waves as open_waves
from groklens.harmonics.cyclic_orders import shares_of_orders as shares_of_orders
from groklens.harmonics.grid_power import GridPower as GridPower
from groklens.harmonics.grid_power import neuron_components as neuron_components
from groklens.harmonics.grid_spectrum import ComponentPart as ComponentPart
from groklens.harmonics.grid_spectrum import component_part as component_part
from groklens.harmonics.grid_spectrum import shares_in as shares_in
from groklens.harmonics.grid_spectrum import summed_on_grid as summed_on_grid
from groklens.harmonics.grid_spectrum import without_components as without_components
from groklens.harmonics.irreps import ComponentName as ComponentName
from groklens.harmonics.irreps import component_name as component_name
from groklens.harmonics.irreps import irrep_matrices as irrep_matrices
from groklens.harmonics.numbers import checked_periods as checked_periods
from groklens.harmonics.numbers import explained_unseen as explained_unseen
from groklens.harmonics.numbers import folds_of as folds_of
from groklens.harmonics.numbers import helix_basis as helix_basis
from groklens.harmonics.numbers import number_bases as number_bases
from groklens.harmonics.numbers import number_means as number_means
from groklens.harmonics.numbers import orthonormal as orthonormal
from groklens.harmonics.numbers import polynomial_basis as polynomial_basis
from groklens.harmonics.numbers import renamed_digits as renamed_digits
from groklens.harmonics.numbers import unseen_fit as unseen_fit
from groklens.harmonics.numbers import unseen_principal as unseen_principal
from groklens.harmonics.projection import answer_means as answer_means
from groklens.harmonics.projection import inputs_an_answer as inputs_an_answer
from groklens.harmonics.projection import logit_similarity as logit_similarity
from groklens.harmonics.projection import operand_shares as operand_shares
from groklens.harmonics.projection import project_on_answer as project_on_answer
from groklens.public import public_names

#: What stands here for other packages alone.
_FOR_THE_LIBRARY = {
    "checked_periods",
    "explained_unseen",
    "folds_of",
    "unseen_fit",
    "unseen_principal",
    "number_bases",
    "number_means",
    "orthonormal",
    "public_names",
    "renamed_digits",
}


def __dir__() -> list[str]:
    return public_names(globals(), _FOR_THE_LIBRARY)
