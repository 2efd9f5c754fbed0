"""Measures: plain functions of a snapshot that carry what their numbers mean."""

from groklens.measures.key import key_components as key_components
from groklens.measures.key import logit_similarity as logit_similarity
from groklens.measures.measure import About as About
from groklens.measures.measure import Measure as Measure
from groklens.measures.measure import measure as measure
from groklens.measures.neurons import cluster_sizes as cluster_sizes
from groklens.measures.neurons import clustered_neurons as clustered_neurons
from groklens.measures.neurons import neuron_component as neuron_component
from groklens.measures.neurons import neuron_explained as neuron_explained
from groklens.measures.performance import all_accuracy as all_accuracy
from groklens.measures.performance import loss as loss
from groklens.measures.performance import test_accuracy as test_accuracy
from groklens.measures.performance import test_loss as test_loss
from groklens.measures.performance import train_accuracy as train_accuracy
from groklens.measures.performance import train_loss as train_loss
from groklens.measures.progress import excluded_loss as excluded_loss
from groklens.measures.progress import excluded_loss_each as excluded_loss_each
from groklens.measures.progress import logit_fve as logit_fve
from groklens.measures.progress import restricted_loss as restricted_loss
from groklens.measures.progress import restricted_loss_test as restricted_loss_test
from groklens.measures.progress import restricted_loss_train as restricted_loss_train
from groklens.measures.spectra import embedding_spectrum as embedding_spectrum
from groklens.measures.spectra import gini_embedding as gini_embedding
from groklens.measures.spectra import gini_neuron_logit as gini_neuron_logit
from groklens.measures.spectra import ipr as ipr
from groklens.measures.spectra import neuron_logit_spectrum as neuron_logit_spectrum
from groklens.measures.spectra import sum_squared_weights as sum_squared_weights
from groklens.measures.track import track as track

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
