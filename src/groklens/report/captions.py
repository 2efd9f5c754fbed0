"""What stands below the pictures of a report: what is seen, and how to read it."""

from __future__ import annotations

LEARNING = """
Loss and accuracy at every kept step (dots). Where the test curve moves long after the training curve
has settled, the model first memorised and generalised later. Steps are on a log scale{zero}.
"""
STEP_ZERO = ", which has no place for step 0: it stands apart, at the left"
PHASES = "Shaded: the phases, each from the first kept step at which it is seen to have begun."
INTERVALS = "Of a pair such as 200–300, the event had not happened at the first step and had at the second."

PROGRESS = """
Measures that move before accuracy does: how few components carry the weights (Gini coefficient: 0 is an
even spread, 1 is a single one), how much of the logits the circuit explains, and the size of the weights.
"""

EMBEDDING = "How the token embedding is shared out among the components, without its constant part."
SIMILARITY = "How alike the logits and each component's own pattern of answers are."
BARS = "A few tall bars over an empty floor are a rule; a level row of bars is none."
SLIDER = "The slider moves through training; below, every kept step, time running down."

CIRCLES = """
Each panel is the plane into which the embedding writes one frequency; the elements are joined in the order of their
multiples. A round polygon is a wave, a scribble none; all steps have one scale.
"""
PLANES = """
Each panel is the plane in which the embedding's part in one irrep spreads most; each dot is an element of the group.
Clusters are elements that the irrep does not tell apart there; all steps have one scale.
"""

CLUSTERS = """
Each bar is a neuron: its colour is the component that explains most of it, its height the share explained.
Neurons stand in the order of the last step, cluster by cluster.
"""

NEURONS = """
The activation of single neurons for every pair of operands, each from its lowest to its highest at the last step;
above each, the share of it that its component explains. {kind}, noise is memorised. The slider moves through training.
"""
WAVES = "Waves compute with one frequency"
BLOCKS = "Rows and columns that come again compute with one irrep"

ATTENTION = """
Each small map is a head: from a query (down) to a key (across). Choose an input, a head and a step. The inputs are
those for which the heads differ most, one from each quarter of all; the last choice is the mean over all. The table
says in numbers what the answer's position attends to.
"""

CIRCUIT = """
An edge is as thick as the square root of the rise of the loss when it carries its mean over the inputs; hover over
its dot for the number, and for clusters that of as many random neurons. Faint edges, without a dot, can be cut one at
a time, which does not mean that all can be. Colours are components, grey is everything else.
"""

ANSWERS = """
The logit of the right answer for every pair of operands, at the last step. An even bright field is a model
that knows the whole table; bright cells strewn over a dark field are training inputs learned by heart.
"""

EVIDENCE = """
Each claim has the number it rests on (dot) and the same number where the claim is known to be false (bar:
range of the draws; tick: their mean). A dot far from its bars is evidence; a dot among them is not.
"""


def joined(*parts: str) -> str:
    """The parts that are not empty, as one line."""
    return " ".join(" ".join(parts).split())
