"""Measures: functions of a snapshot that carry the name, units, range, source and needs of their number."""

from groklens.measures.activation_spectrum import ActivationSpectrum as ActivationSpectrum
from groklens.measures.as_csv import as_csv as as_csv
from groklens.measures.as_csv import tidy as tidy
from groklens.measures.attention import attention_component as attention_component
from groklens.measures.attention import attention_explained as attention_explained
from groklens.measures.attention import between_heads as between_heads
from groklens.measures.attention import some_and_mean as some_and_mean
from groklens.measures.by_name import AnyMeasures as AnyMeasures
from groklens.measures.by_name import chosen_measures as chosen_measures
from groklens.measures.by_name import names_of_measures as names_of_measures
from groklens.measures.circle_fve import circle_accompanying_fve as circle_accompanying_fve
from groklens.measures.circle_fve import circle_clock_fve as circle_clock_fve
from groklens.measures.circle_fve import circle_doubling as circle_doubling
from groklens.measures.circle_fve import circle_pizza_fve as circle_pizza_fve
from groklens.measures.circle_share import CircleShare as CircleShare
from groklens.measures.circle_share import circle_of_numbers as circle_of_numbers
from groklens.measures.circles import Circle as Circle
from groklens.measures.circles import circles as circles
from groklens.measures.circles import isolated_logits as isolated_logits
from groklens.measures.circles_by_layer import circle_planes as circle_planes
from groklens.measures.circles_by_layer import circles_by_layer as circles_by_layer
from groklens.measures.clock_pizza import circularity as circularity
from groklens.measures.clock_pizza import distance_irrelevance as distance_irrelevance
from groklens.measures.clock_pizza import distance_irrelevance_incorrect as distance_irrelevance_incorrect
from groklens.measures.clock_pizza import gradient_symmetricity as gradient_symmetricity
from groklens.measures.confidence import logit_scale as logit_scale
from groklens.measures.confidence import softmax_collapse as softmax_collapse
from groklens.measures.continuous import ExactMatch as ExactMatch
from groklens.measures.continuous import brier_score as brier_score
from groklens.measures.continuous import edit_distance as edit_distance
from groklens.measures.copying import Copying as Copying
from groklens.measures.copying import copying_eigenvalues as copying_eigenvalues
from groklens.measures.copying_heads import copying_heads as copying_heads
from groklens.measures.corruption import clean_accuracy as clean_accuracy
from groklens.measures.corruption import corrected_accuracy as corrected_accuracy
from groklens.measures.corruption import fitted_accuracy as fitted_accuracy
from groklens.measures.cosets import coset_concentration_x as coset_concentration_x
from groklens.measures.cosets import coset_concentration_y as coset_concentration_y
from groklens.measures.cosets import coset_concentrations as coset_concentrations
from groklens.measures.cosets import coset_subgroups as coset_subgroups
from groklens.measures.cosets import subgroup_name as subgroup_name
from groklens.measures.doubling import frequency_doubling as frequency_doubling
from groklens.measures.effective_dimension import participation_ratio as participation_ratio
from groklens.measures.effective_dimension import spectral_entropy as spectral_entropy
from groklens.measures.emergence import audit_emergence as audit_emergence
from groklens.measures.explained import ExplainedBy as ExplainedBy
from groklens.measures.explained import explained_by as explained_by
from groklens.measures.family import Family as Family
from groklens.measures.family import families_in as families_in
from groklens.measures.frame import frame as frame
from groklens.measures.heads import PrefixMatching as PrefixMatching
from groklens.measures.heads import first_token as first_token
from groklens.measures.heads import induction as induction
from groklens.measures.heads import previous_token as previous_token
from groklens.measures.helix_fit import RENAMED as RENAMED
from groklens.measures.helix_fit import SHUFFLED as SHUFFLED
from groklens.measures.helix_fit import HelixFit as HelixFit
from groklens.measures.hidden_progress import LargestMove as LargestMove
from groklens.measures.hidden_progress import SupportMove as SupportMove
from groklens.measures.hidden_progress import fourier_gap as fourier_gap
from groklens.measures.hidden_progress import support_weight as support_weight
from groklens.measures.in_context import InContextScore as InContextScore
from groklens.measures.induction_heads import induction_heads as induction_heads
from groklens.measures.kernels import KernelAlignment as KernelAlignment
from groklens.measures.kernels import KernelMoved as KernelMoved
from groklens.measures.key_rules import KEY_SIMILARITY as KEY_SIMILARITY
from groklens.measures.key_rules import key_by_logits as key_by_logits
from groklens.measures.key_rules import key_components as key_components
from groklens.measures.key_rules import logit_similarity as logit_similarity
from groklens.measures.key_rules import logit_similarity_fve as logit_similarity_fve
from groklens.measures.languages import ConceptAccuracy as ConceptAccuracy
from groklens.measures.languages import EmbeddingCKA as EmbeddingCKA
from groklens.measures.languages import LanguageAccuracy as LanguageAccuracy
from groklens.measures.languages import LanguageShare as LanguageShare
from groklens.measures.languages import WordTranslation as WordTranslation
from groklens.measures.llc import LLC as LLC
from groklens.measures.llc import learning_coefficient as learning_coefficient
from groklens.measures.llc_estimate import LLCEstimate as LLCEstimate
from groklens.measures.llc_tuning import tune as tune
from groklens.measures.measure import NO_COUNT as NO_COUNT
from groklens.measures.measure import About as About
from groklens.measures.measure import Measure as Measure
from groklens.measures.measure import lacking as lacking
from groklens.measures.measure import measure as measure
from groklens.measures.measure import said_lacking as said_lacking
from groklens.measures.mod_probe import ModProbe as ModProbe
from groklens.measures.moved import Direction as Direction
from groklens.measures.moved import Moved as Moved
from groklens.measures.neurons import IN_CLUSTER as IN_CLUSTER
from groklens.measures.neurons import cluster_sizes as cluster_sizes
from groklens.measures.neurons import clustered_neurons as clustered_neurons
from groklens.measures.neurons import neuron_component as neuron_component
from groklens.measures.neurons import neuron_explained as neuron_explained
from groklens.measures.number_spectrum import NumberSpectrum as NumberSpectrum
from groklens.measures.operands import total_embeddings as total_embeddings
from groklens.measures.performance import all_accuracy as all_accuracy
from groklens.measures.performance import loss as loss
from groklens.measures.performance import test_accuracy as test_accuracy
from groklens.measures.performance import test_loss as test_loss
from groklens.measures.performance import train_accuracy as train_accuracy
from groklens.measures.performance import train_loss as train_loss
from groklens.measures.phase_relation import phase_relation as phase_relation
from groklens.measures.planes import embedding_plane as embedding_plane
from groklens.measures.positions import loss_by_position as loss_by_position
from groklens.measures.progress import ExcludedLoss as ExcludedLoss
from groklens.measures.progress import RestrictedLoss as RestrictedLoss
from groklens.measures.progress import excluded_loss as excluded_loss
from groklens.measures.progress import excluded_loss_each as excluded_loss_each
from groklens.measures.progress import logit_fve as logit_fve
from groklens.measures.progress import restricted_loss as restricted_loss
from groklens.measures.progress import restricted_loss_test as restricted_loss_test
from groklens.measures.progress import restricted_loss_train as restricted_loss_train
from groklens.measures.rebuilt import RebuiltAccuracy as RebuiltAccuracy
from groklens.measures.rebuilt import has_others as has_others
from groklens.measures.representations import hidden_excluded_loss as hidden_excluded_loss
from groklens.measures.representations import hidden_restricted_loss as hidden_restricted_loss
from groklens.measures.representations import hidden_x_share as hidden_x_share
from groklens.measures.representations import hidden_xy_share as hidden_xy_share
from groklens.measures.representations import hidden_y_share as hidden_y_share
from groklens.measures.representations import unembed_share as unembed_share
from groklens.measures.representations import x_embed_share as x_embed_share
from groklens.measures.representations import y_embed_share as y_embed_share
from groklens.measures.samples import predictor_of as predictor_of
from groklens.measures.samples import sampled_stages as sampled_stages
from groklens.measures.simple import LinearPredictor as LinearPredictor
from groklens.measures.simple import OneFourierMode as OneFourierMode
from groklens.measures.simple import ShallowTree as ShallowTree
from groklens.measures.simple import SimplePredictor as SimplePredictor
from groklens.measures.simple import simple_answers as simple_answers
from groklens.measures.skills import skill_accuracy as skill_accuracy
from groklens.measures.skills import skill_brier as skill_brier
from groklens.measures.skills import skill_loss as skill_loss
from groklens.measures.spectra import embedding_spectrum as embedding_spectrum
from groklens.measures.spectra import gini_embedding as gini_embedding
from groklens.measures.spectra import gini_neuron_logit as gini_neuron_logit
from groklens.measures.spectra import ipr as ipr
from groklens.measures.spectra import neuron_ipr as neuron_ipr
from groklens.measures.spectra import neuron_logit_residual as neuron_logit_residual
from groklens.measures.spectra import neuron_logit_spectrum as neuron_logit_spectrum
from groklens.measures.spectra import sum_squared_weights as sum_squared_weights
from groklens.measures.stacked_losses import StackedLosses as StackedLosses
from groklens.measures.stages import stages as stages
from groklens.measures.tabulate import tabulate as tabulate
from groklens.measures.transition import Transition as Transition
from groklens.public import public_names

PERFORMANCE = (loss, all_accuracy, train_loss, test_loss, train_accuracy, test_accuracy)
#: The measures of Nanda et al. (2023), and what belongs beside them.
PROGRESS = (
    *PERFORMANCE,
    restricted_loss,
    restricted_loss_train,
    restricted_loss_test,
    excluded_loss,
    excluded_loss_each,
    logit_fve,
    logit_similarity,
    embedding_spectrum,
    neuron_logit_spectrum,
    gini_embedding,
    gini_neuron_logit,
    ipr,
    sum_squared_weights,
    neuron_component,
    neuron_explained,
    clustered_neurons,
)
#: The measures of Chughtai et al. (2023): how much of a model lies in each irrep.
REPRESENTATIONS = (
    x_embed_share,
    y_embed_share,
    unembed_share,
    hidden_x_share,
    hidden_y_share,
    hidden_xy_share,
    hidden_restricted_loss,
    hidden_excluded_loss,
)
#: What becomes of wrong labels (Doshi et al. 2024), for a task that is `Corrupted`.
CORRUPTION = (fitted_accuracy, corrected_accuracy, clean_accuracy)
#: Coset concentration (Stander et al. 2023), an operand each.
COSETS = (coset_concentration_x, coset_concentration_y)
#: What tells a clock from a pizza (Zhong et al. 2023), of the whole model and of each circle of its embedding.
CLOCK_PIZZA = (
    gradient_symmetricity,
    distance_irrelevance,
    distance_irrelevance_incorrect,
    circularity,
    circle_clock_fve,
    circle_pizza_fve,
    circle_accompanying_fve,
    circle_doubling,
    frequency_doubling,
    logit_similarity_fve,
)
#: What of sums passes from one language to the other, and how their words lie: each with its shuffled dictionary.
LANGUAGES = (
    ConceptAccuracy(),
    ConceptAccuracy(shuffled=True),
    LanguageAccuracy(answer="A"),
    LanguageAccuracy(answer="B"),
    LanguageShare(),
    EmbeddingCKA(),
    EmbeddingCKA(shuffled=True),
    WordTranslation(),
    WordTranslation(shuffled=True),
)
#: How far a network has gone from where it was, lazy or rich (Kumar et al. 2023), and how certain it is (Prieto 2025).
MOTION = (
    Moved(),
    Direction(),
    KernelMoved(),
    KernelAlignment(),
    logit_scale,
    softmax_collapse,
    spectral_entropy,
    participation_ratio,
)
#: What heads look at in a sequence, by head.
HEADS = (previous_token, induction, PrefixMatching(), first_token, Copying())
#: Progress of a parity behind its loss: answer-free ones first, then those that need the hidden bits.
HIDDEN_PROGRESS = (LargestMove(), KernelMoved(by_answer=False), SupportMove(), support_weight, fourier_gap)
#: Each skill of many by itself, sharp and continuous.
SKILLS = (skill_accuracy, skill_loss, skill_brier)

#: Every measure, those of a family with their parameters at their defaults.
ALL = tuple(
    dict.fromkeys(
        (
            *(
                each
                for each in tuple(globals().values())
                if isinstance(each, Measure) and not isinstance(each, type)
            ),
            *families_in(dict(globals())).values(),
        )
    )
)

#: What stands here for other packages alone.
_FOR_THE_LIBRARY = {
    "IN_CLUSTER",
    "KEY_SIMILARITY",
    "NO_COUNT",
    "RENAMED",
    "SHUFFLED",
    "StackedLosses",
    "between_heads",
    "families_in",
    "has_others",
    "key_by_logits",
    "lacking",
    "public_names",
    "said_lacking",
    "some_and_mean",
    "tabulate",
}


def __dir__() -> list[str]:
    return public_names(globals(), _FOR_THE_LIBRARY)
