"""Words of reports and of the documentation that a newcomer has not met, each said in a sentence or two."""

from __future__ import annotations

#: In the order in which one needs them. A term is written as it stands in a sentence.
GLOSSARY: dict[str, str] = {
    "grokking": "A network fits its train examples early, and generalises all at once much later.",
    "run": "A training that left its weights at many steps. Step k is the model after k updates; after k epochs "
    "or tokens where its files count those.",
    "snapshot": "One model at one step, looked at on the examples of its task.",
    "probe": "A fixed set of examples that a model of a stream is looked at on, because a stream has no table.",
    "component": "A wave on a group: of a cyclic group a frequency, of others an irrep. Every function on a finite "
    "group is a sum of them.",
    "frequency": "How often a wave goes around while its cyclic group is counted through once.",
    "irrep": "An irreducible representation: the smallest family of functions on a group that shifting its elements "
    "turns into one another.",
    "circuit": "A few components that a model computes with, shown to be sufficient and necessary against random "
    "draws.",
    "key component": "A component that a measure singles out, by its authors' threshold. It need not belong to "
    "a circuit.",
    "sufficient": "Keeping only the circuit's part keeps the accuracy, which random parts of equal size do not.",
    "necessary": "Removing the circuit's part takes the accuracy towards chance, which random parts of equal size do "
    "not.",
    "control": "The number that would be seen if a claim were false: an untrained model, a random draw, relabelled "
    "elements.",
    "verdict": "supported, refuted or undecided: where a finding's number lies beside its controls, by its rule.",
    "memorised": "Accuracy of at least 0.99 on train examples and less than that on test examples, however near.",
    "generalised": "Accuracy of at least 0.99 on test examples.",
    "memorisation": "The phase until train accuracy reaches 0.99.",
    "circuit formation": "The phase in which the circuit's excluded loss rises while test loss stays near its peak.",
    "cleanup": "The phase in which what was memorised is removed: test loss falls, until it and the weight norm "
    "settle.",
    "clock": "A circuit that adds by multiplying the waves of both operands; its logits depend on the sum alone.",
    "pizza": "A circuit that adds the waves of both operands first, and is unsure where their difference says so.",
    "restricted loss": "The loss that is left where only the circuit's part of the logits is kept.",
    "excluded loss": "The loss where the circuit's part of the logits is removed: it rises while the circuit forms.",
    "IPR": "Inverse participation ratio: Σ pᵢ² over the shares of power by component; 1 for a neuron of one component.",
    "ablate": "Set a part to its mean over inputs, or take it out, and see what is lost.",
    "patch": "Put an activation of one input, or of another checkpoint, in place of a model's own.",
    "stage": "Which reference predictor (uniform, unigram, bigram, …) a model of sequences is nearest to.",
    "censored": "Watched until some step without the event: later, or never, is not known.",
}
