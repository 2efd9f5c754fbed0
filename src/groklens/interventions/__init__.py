"""Interventions on a model (keep, remove, ablate, patch, replace, rebuild, prune), each giving a snapshot like others.

>>> import groklens as gl
>>> task = gl.ModularArithmetic(13, "add")
>>> snapshot = gl.Snapshot(gl.planted(task, [2, 5]), task)
>>> without = gl.interventions.remove(snapshot, gl.Circuit("C13", [2, 5]), at="neurons")
>>> gl.measures.loss(without) > 2
True
"""

from groklens.interventions.ablate import ablate as ablate
from groklens.interventions.edge_table import Edge as Edge
from groklens.interventions.edge_table import Node as Node
from groklens.interventions.edge_table import edges_in as edges_in
from groklens.interventions.edges import edges as edges
from groklens.interventions.graded_removal import graded as graded
from groklens.interventions.interchange import interchange as interchange
from groklens.interventions.logit_lens import logit_lens as logit_lens
from groklens.interventions.neurons import clusters as clusters
from groklens.interventions.outcome import logits_after as logits_after
from groklens.interventions.patch import patch as patch
from groklens.interventions.patch import resample as resample
from groklens.interventions.patched_fits import patched_fits as patched_fits
from groklens.interventions.patched_sums import patched_sums as patched_sums
from groklens.interventions.project import AnyHypothesis as AnyHypothesis
from groklens.interventions.project import as_hypothesis as as_hypothesis
from groklens.interventions.project import keep as keep
from groklens.interventions.project import remove as remove
from groklens.interventions.prune import by_ipr as by_ipr
from groklens.interventions.prune import memorising_neurons as memorising_neurons
from groklens.interventions.prune import prune as prune
from groklens.interventions.readout import embedded_logits as embedded_logits
from groklens.interventions.readout import is_linear as is_linear
from groklens.interventions.readout import logits_without as logits_without
from groklens.interventions.readout import mean_neuron_logits as mean_neuron_logits
from groklens.interventions.readout import means_without as means_without
from groklens.interventions.rebuild import rebuild as rebuild
from groklens.interventions.replace import logits_of_fits as logits_of_fits
from groklens.interventions.replace import replace as replace
from groklens.public import public_names

#: What stands here for other packages alone.
_FOR_THE_LIBRARY = {
    "embedded_logits",
    "is_linear",
    "logits_of_fits",
    "logits_without",
    "means_without",
    "as_hypothesis",
    "logits_after",
    "public_names",
    "mean_neuron_logits",
}


def __dir__() -> list[str]:
    return public_names(globals(), _FOR_THE_LIBRARY)
