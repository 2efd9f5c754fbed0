"""Closed-form companions to measured curves: smoothers, spectra, double descent, memorisation, pattern models.

>>> import groklens as gl
>>> [gl.theory.sample_wise_risk(n, d=100, noise=0.5) > 1 for n in (50, 95, 200)]  # more data, worse, then better
[False, True, False]
"""

from groklens.public import public_names
from groklens.theory.complexity import lempel_ziv as lempel_ziv
from groklens.theory.complexity import sensitivity as sensitivity
from groklens.theory.descent import epoch_wise_risk as epoch_wise_risk
from groklens.theory.descent import gradient_descent_path as gradient_descent_path
from groklens.theory.descent import has_double_descent as has_double_descent
from groklens.theory.descent import sample_wise_risk as sample_wise_risk
from groklens.theory.descent import tallest_peak as tallest_peak
from groklens.theory.exact_tails import binomial_tail as binomial_tail
from groklens.theory.exact_tails import hypergeometric_tail as hypergeometric_tail
from groklens.theory.exact_tails import least_share as least_share
from groklens.theory.information import mutual_information as mutual_information
from groklens.theory.information import shuffled_within as shuffled_within
from groklens.theory.learning_coefficient import (
    quadratic_learning_coefficient as quadratic_learning_coefficient,
)
from groklens.theory.learning_coefficient import (
    tempered_learning_coefficient as tempered_learning_coefficient,
)
from groklens.theory.markov import as_chains as as_chains
from groklens.theory.markov import chain_on_contexts as chain_on_contexts
from groklens.theory.markov import draw_chains as draw_chains
from groklens.theory.markov import draw_doubly_stochastic as draw_doubly_stochastic
from groklens.theory.markov import entropy_given_last as entropy_given_last
from groklens.theory.markov import stationary_distribution as stationary_distribution
from groklens.theory.memorisation import ALL_FITTED as ALL_FITTED
from groklens.theory.memorisation import NONE_FITTED as NONE_FITTED
from groklens.theory.memorisation import LabelFates as LabelFates
from groklens.theory.memorisation import distance_moved as distance_moved
from groklens.theory.memorisation import fit_ratio as fit_ratio
from groklens.theory.memorisation import inverse_participation as inverse_participation
from groklens.theory.memorisation import label_fates as label_fates
from groklens.theory.memorisation import phase_of as phase_of
from groklens.theory.memorisation import time_to_fit as time_to_fit
from groklens.theory.n_grams import NGrams as NGrams
from groklens.theory.over_seeds import mean_and_error as mean_and_error
from groklens.theory.over_seeds import sweep_rows as sweep_rows
from groklens.theory.over_seeds import sweep_table as sweep_table
from groklens.theory.parity import initial_parity_gradient as initial_parity_gradient
from groklens.theory.parity import majority_coefficient as majority_coefficient
from groklens.theory.parity import parity_gap as parity_gap
from groklens.theory.pattern_fit import PatternFit as PatternFit
from groklens.theory.pattern_fit import fit_patterns as fit_patterns
from groklens.theory.pattern_fit import forecast_errors as forecast_errors
from groklens.theory.patterns import DOUBLE_DESCENT as DOUBLE_DESCENT
from groklens.theory.patterns import GROKKING as GROKKING
from groklens.theory.patterns import Pattern as Pattern
from groklens.theory.patterns import pattern_curves as pattern_curves
from groklens.theory.predictors import InContext as InContext
from groklens.theory.predictors import Predictor as Predictor
from groklens.theory.predictors import Retrieval as Retrieval
from groklens.theory.predictors import Uniform as Uniform
from groklens.theory.predictors import check_sequences as check_sequences
from groklens.theory.proportions import wilson as wilson
from groklens.theory.random_functions import random_functions as random_functions
from groklens.theory.sampling import sample as sample
from groklens.theory.second_descent import descends_twice as descends_twice
from groklens.theory.smoothers import class_errors as class_errors
from groklens.theory.smoothers import effective_parameters as effective_parameters
from groklens.theory.smoothers import kernel_ridge as kernel_ridge
from groklens.theory.smoothers import least_squares as least_squares
from groklens.theory.smoothers import nearest_neighbours as nearest_neighbours
from groklens.theory.smoothers import random_fourier_features as random_fourier_features
from groklens.theory.smoothers import ridge as ridge
from groklens.theory.spectra import effective_ranks as effective_ranks
from groklens.theory.spectra import excess_risk_terms as excess_risk_terms
from groklens.theory.spectra import k_star as k_star
from groklens.theory.spectra import overfitting_coefficient as overfitting_coefficient
from groklens.theory.spectra import regime as regime
from groklens.theory.survival import kaplan_meier as kaplan_meier
from groklens.theory.survival import log_rank as log_rank
from groklens.theory.survival import median_time as median_time
from groklens.theory.tangent import neural_tangent_kernel as neural_tangent_kernel
from groklens.theory.tree_smoothers import boosting as boosting
from groklens.theory.tree_smoothers import forest as forest
from groklens.theory.tree_smoothers import tree as tree

#: What stands here for other packages alone.
_FOR_THE_LIBRARY = {"ALL_FITTED", "NONE_FITTED", "as_chains", "check_sequences", "public_names"}


def __dir__() -> list[str]:
    return public_names(globals(), _FOR_THE_LIBRARY)
