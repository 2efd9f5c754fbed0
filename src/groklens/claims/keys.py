"""The keys of all findings and controls, each with one line that says what is claimed or compared.

A key never changes its meaning; the sentences beside it may change. A control's key is unique within its finding.
"""

from __future__ import annotations

#: What is claimed by the finding of each key, in `why.json`, `gl.explain` and `gl.examine`.
FINDINGS = {
    "generalises": "the model is correct on the inputs that it was not trained on",
    "circuit": "the model generalises by a circuit, where none was found",
    "logits.key": "every component of the circuit is key in the logits",
    "logits.complete": "no component outside the circuit is key in the logits",
    "neurons.show": "the neurons, or else the embeddings, compute with every component that is key in the logits",
    "sufficiency.logits": "the circuit's part of the logits alone keeps the accuracy",
    "sufficiency.neurons": "the hypothesis' part of neurons alone (per-neuron fits of a circuit) keeps the accuracy",
    "sufficiency.residual": "the hypothesis' part of the residual stream alone keeps the accuracy",
    "sufficiency.heads": "the hypothesis' part of what heads give alone keeps the accuracy",
    "sufficiency.embeddings": "the circuit's components of the embeddings alone keep the accuracy",
    "necessity.logits": "without the circuit's functions of the answer the accuracy falls towards chance",
    "necessity.readout": "without the circuit's components in what is read out the accuracy falls towards chance",
    "necessity.neurons": "without the circuit's neurons the accuracy falls towards chance",
    "necessity.residual": "without the hypothesis' part of the residual stream the accuracy falls towards chance",
    "necessity.heads": "without the hypothesis' part of what heads give the accuracy falls towards chance",
    "necessity.embeddings": "without the circuit's components of the embeddings the accuracy falls towards chance",
    "clusters.carry": "mean-ablating a component's neurons takes that component out of the logits",
    "algorithm.symmetricity": "gradient symmetricity is that of the algorithm named",
    "algorithm.irrelevance": "distance irrelevance is that of the algorithm named",
    "restricted_loss": "the circuit alone predicts at least as well as the model",
    "stage": "the model predicts more like its task's reference than like a predictor that knows less",
    "rules.agree": "three authors' rules name the same key components",
    "labels.fitted": "the wrong labels trained on are memorised",
    "answers.outside": "the model's largest logit is none of the task's classes on some inputs",
    "split.fits": "the split given is the one that the model was trained on",
    "files.assumed": "the files say how the model computes and what it was trained on",
    "llc.healthy": "the chains give the local learning coefficient of the train loss",
    "emergence.survives": "the jump of a sharp metric is in every continuous metric too",
    "pruning.lowest_ipr": "the neurons of lowest inverse participation ratio fit the wrong labels",
}

#: What the control of each key puts in place of what the claim is about.
CONTROLS = {
    "untrained": "a model that has learned nothing: step 0 of the run, or the last weights shuffled",
    "commonest_answer": "always the commonest answer",
    "chance": "an answer drawn at random",
    "test_inputs": "the test inputs by the split given, in place of the train inputs",
    "other_components": "the group's components outside the circuit",
    "own_components": "the circuit's own components",
    "relabelled": "the group's elements relabelled at random",
    "random_subspace": "random subspaces of the circuit's dimension, of all functions of the inputs",
    "random_answer_functions": "random subspaces of the circuit's dimension, of functions of the answer",
    "random_class_functions": "random subspaces of the circuit's dimension, of functions of the class",
    "equal_energy": "a random function, or a random change, of the energy of the circuit's part",
    "mean_neurons": "every neuron at its mean",
    "other_references": "each other predictor in the place of the task's reference",
    "frequencies": "always giving each class the frequency that it has on the probe",
    "random_bits": "the parity of as many other bits, drawn at random",
    "random_heads": "random sets of as many heads",
    "random_neurons": "random sets of as many neurons",
    "random_neurons.test": "test accuracy without random sets of as many neurons",
    "highest_ipr": "as many neurons of highest inverse participation ratio",
    "sharp_metric": "the sharp metric's own width over wait",
    "continuous_metrics": "each continuous metric's width over wait",
    "whole_model": "the whole model",
    "first_step": "the first kept step",
    "half_step": "the same estimate at half the step size",
}
