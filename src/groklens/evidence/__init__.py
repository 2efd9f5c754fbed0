"""Putting hypotheses to the test: the causal battery, the search for a circuit, the algorithm; findings all."""

from groklens.evidence.algorithm import algorithm_findings as algorithm_findings
from groklens.evidence.algorithm import name_algorithm as name_algorithm
from groklens.evidence.examine import examine as examine
from groklens.evidence.examine import neuron_findings as neuron_findings
from groklens.evidence.generalises import generalises as generalises
from groklens.evidence.generalises import nothing_held_out as nothing_held_out
from groklens.evidence.key import key_in_logits as key_in_logits
from groklens.evidence.outside import outside_answers as outside_answers
from groklens.evidence.search import Search as Search
from groklens.evidence.search import find_circuit as find_circuit
from groklens.evidence.search import search as search
from groklens.evidence.split_fits import ENOUGH as ENOUGH
from groklens.evidence.split_fits import said as said
from groklens.evidence.split_fits import split_doubted as split_doubted
from groklens.evidence.split_fits import split_finding as split_finding
from groklens.evidence.track import track as track
from groklens.evidence.untrained import Untrained as Untrained
from groklens.evidence.untrained import untrained_like as untrained_like
from groklens.evidence.wrong_labels import wrong_labels as wrong_labels
