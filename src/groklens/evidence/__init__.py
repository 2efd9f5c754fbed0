"""Testing hypotheses on a model: the causal battery, the search for a circuit, naming the algorithm."""

from groklens.evidence.algorithm import name_algorithm as name_algorithm
from groklens.evidence.all_findings import all_findings as all_findings
from groklens.evidence.all_findings import beside_untrained as beside_untrained
from groklens.evidence.examine import examine as examine
from groklens.evidence.few_inputs import are_few as are_few
from groklens.evidence.few_inputs import judged as judged
from groklens.evidence.generalising import generalises as generalises
from groklens.evidence.generalising import judged_on as judged_on
from groklens.evidence.generalising import nothing_held_out as nothing_held_out
from groklens.evidence.generalising import unless_trained_on as unless_trained_on
from groklens.evidence.kinds import accuracy_by_kind as accuracy_by_kind
from groklens.evidence.kinds import said_by_kind as said_by_kind
from groklens.evidence.nearest_reference import nearest_reference as nearest_reference
from groklens.evidence.search import find_circuit as find_circuit
from groklens.evidence.search import search as search
from groklens.evidence.split_fits import ENOUGH as ENOUGH
from groklens.evidence.split_fits import split_doubt as split_doubt
from groklens.evidence.split_fits import split_doubted as split_doubted
from groklens.evidence.split_losses import split_losses as split_losses
from groklens.evidence.split_losses import split_shows as split_shows
from groklens.evidence.taken_for_granted import taken_for_granted as taken_for_granted
from groklens.evidence.track import track as track
from groklens.evidence.untrained import untrained_like as untrained_like
from groklens.evidence.warm_start import begins_with_others as begins_with_others
from groklens.evidence.warm_start import warm_start as warm_start
