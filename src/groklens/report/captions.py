"""The captions of a report's pictures: what is plotted, on which axes, and how to read both ends."""

from __future__ import annotations

LEARNING = """
Loss and accuracy on train and test inputs against training step, a dot at every kept step{scale}. A test curve that
moves long after the train curve has settled is that of a model which memorised first and generalised later; one that
never moves is that of a model which only memorised.
"""
LEARNING_ALL = """
Loss and accuracy on all inputs against training step, a dot at every kept step{scale}. Which
inputs the model was trained on is not known, so that memorising and generalising cannot be told apart here.
"""
LEARNING_STREAM = """
Loss and accuracy on the task's probe against training step, a dot at every kept step{scale}. Every update has fresh
inputs, so that there are none to be memorised.
"""
LOG_STEPS = "; steps are on a log scale"
STEP_ZERO = ", which has no place for step 0: it stands apart, at the left"
PHASES = "Shaded: the phases, each from the first kept step at which it is seen to have begun."
INTERVALS = "Of a pair such as 200–300, the event had not happened at the first step and had at the second."

#: What is said of each measure beside the others, where the table has it.
PROGRESS = {
    "gini_embedding": "how few components hold the power of the embedding (Gini coefficient: 0 where it is spread "
    "evenly, 1 where one component holds all)",
    "gini_neuron_logit": "the same of the map from neurons to logits",
    "logit_fve": "the share of the logits' variance that the circuit explains (0 none, 1 all)",
    "sum_squared_weights": "the sum of squared weights",
}
PROGRESSING = "Measures of progress against training step: {shown}. They can move before test accuracy does."

LATENT = """
Accuracy of the model beside that of its latent algorithm over all inputs, at up to eight steps: the network in which
every neuron of the last MLP is a pure wave, with the one frequency of the circuit that it reads most, its phases and
its amplitudes of that step, and in which nothing else of the model is left. Above the model's own accuracy, these waves
answer more than the model does; that it will come to use them does not follow, for a model that never generalises can
stand above too. Controls: the same extraction under relabelled elements and, where there are enough, with as many other
frequencies (the largest of {draws} and of {others} draws), and, with the weights of the last step shuffled, {shuffled}.
The circuit's frequencies are known from the last step.
"""

EMBEDDING = "The share of the token embedding's power that each component holds, its constant part left out."
SIMILARITY = """
The logit similarity of each component: the cosine between the logits and the component's own function of the answer.
"""
BARS = """
A few tall bars and none elsewhere: the model uses few components. Bars of one height: it singles none out, as before
training or in a lookup table.
"""
SLIDER = "The slider moves through training; the map below has every kept step, time running down."

CIRCLES = """
The token embedding projected onto the plane of each frequency, along its cosine (across) and its sine (up); elements
are joined in the order of their multiples, and all steps have one scale. A round polygon: the embedding holds that
frequency, how much of it the spectrum says; a random embedding holds some of each. A scribble near the middle: it does
not.
"""
PLANES = """
The token embedding projected onto the plane in which its part in each irrep spreads most, a dot for each element of the
group; all steps have one scale. Elements in one cluster are not told apart by the irrep in that plane; dots at the
middle show that the embedding does not hold it.
"""

CLUSTERS = """
The share of each neuron's variance that its best component explains, a bar for each neuron of the last MLP, coloured by
that component. Near 1 the neuron computes a function of one component, near 0 of none. Neurons stand in the order of
the last step, cluster by cluster.
"""

NEURONS = """
The activation of single neurons of the last MLP for every pair of operands, the first up and the second across, from
each neuron's lowest (pale) to its highest (full colour) at the last step.
"""
EXPLAINED = """
Above each map, the share of the neuron's variance that its component explains. {kind}; a map without structure is that
of a neuron that computes with none, as before training or in a lookup table.
"""
MOVES = "The slider moves through training."
WAVES = "Waves are those of a neuron that computes with one frequency"
BLOCKS = "Rows and columns that repeat are those of a neuron that computes with one irrep"

ATTENTION = """
The attention of each head, from each query position (down) to each key position (across), as a share from 0 to 1.
Choose an input, a head and a step: the inputs are those on which the heads differ most, one from each quarter of all,
and the last choice is the mean over all inputs. The table has the attention of the answer's position in
numbers, of many keys the eight largest.
"""

MAPS = """
The attention of each head from each query position (down) to each key position (across), as a share from 0 to 1, mean
over all inputs.
"""

CIRCUIT = """
The rise of the loss when an edge carries its mean over the inputs, edge by edge: thickness is the square root of the
rise, and hovering over an edge's dot gives it in nats, for clusters beside that of as many random neurons. The model
depends on a thick edge by itself. A faint edge, without a dot, can be cut alone at little cost, which does not mean
that all can be cut together. Colours are components; grey is everything else.
"""

ANSWERS = """
The logit of the correct answer for every pair of operands at {step}, the first operand up and the second across.
An even bright field: all inputs are answered alike. Bright points strewn over a dark field: single inputs are answered
and others are not, as by a model that knows its train inputs by heart.
"""

EVIDENCE = """
The number that each claim rests on (dot) beside the same number where the claim is known to be false (bar: range of the
draws; tick: their mean), on one scale for each claim. A dot far from its bars is evidence; a dot among them is none.
"""


def joined(*parts: str) -> str:
    """The non-empty parts, joined into one line."""
    return " ".join(" ".join(parts).split())
