"""The fast pass: the numbers of the plain model, without computations that repeat from input to input."""

from groklens.models.fast_pass.engine import folded_forward as folded_forward
from groklens.models.fast_pass.engine import quick_answers as quick_answers
from groklens.models.fast_pass.engine import quick_applies as quick_applies
from groklens.models.fast_pass.engine import quick_blocks as quick_blocks
from groklens.models.fast_pass.engine import quick_forward as quick_forward
from groklens.models.fast_pass.engine import quick_holds as quick_holds
from groklens.models.fast_pass.engine import quick_logits as quick_logits
from groklens.models.fast_pass.engine import sequence_logits as sequence_logits
from groklens.models.fast_pass.engine import sequences_apply as sequences_apply
from groklens.models.fast_pass.engine import stacked_pass as stacked_pass
from groklens.models.fast_pass.inside import quick_activation as quick_activation
from groklens.models.fast_pass.inside import quick_neuron_inputs as quick_neuron_inputs
from groklens.models.fast_pass.inside import quick_neurons as quick_neurons
from groklens.models.fast_pass.inside import quick_patterns as quick_patterns
from groklens.models.fast_pass.inside import quick_read_from as quick_read_from
from groklens.models.fast_pass.passed_at import passed_at as passed_at
from groklens.models.fast_pass.rows import Entering as Entering
from groklens.models.fast_pass.rows import Positions as Positions
from groklens.models.fast_pass.rows import entering as entering
