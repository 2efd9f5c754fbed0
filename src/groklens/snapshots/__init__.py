"""One model at one step, looked at on its whole task, and what is computed of it once."""

from groklens.snapshots.axes import axis_names as axis_names
from groklens.snapshots.axes import position_axis as position_axis
from groklens.snapshots.axes import reduced_names as reduced_names
from groklens.snapshots.blocks import does_not_run as does_not_run
from groklens.snapshots.looked_for import no_neurons as no_neurons
from groklens.snapshots.looked_for import nothing_to_see as nothing_to_see
from groklens.snapshots.snapshot import Snapshot as Snapshot
from groklens.snapshots.split_index import TrainIndex as TrainIndex
from groklens.snapshots.split_index import split_index as split_index
from groklens.snapshots.statistics import answered_right as answered_right
from groklens.snapshots.statistics import input_losses as input_losses
from groklens.snapshots.statistics import inputs_right as inputs_right
from groklens.snapshots.statistics import logit_means as logit_means
from groklens.snapshots.statistics import logit_similarities as logit_similarities
from groklens.snapshots.statistics import neuron_shares as neuron_shares
from groklens.snapshots.statistics import symmetry_of as symmetry_of
from groklens.snapshots.statistics import tally as tally
from groklens.snapshots.statistics import train_scores as train_scores
