"""Snapshots: one model at one step, seen on its whole task, and what is computed of it once."""

from groklens.snapshots.axes import axis_names as axis_names
from groklens.snapshots.axes import position_axis as position_axis
from groklens.snapshots.axes import reduced_names as reduced_names
from groklens.snapshots.blocks import does_not_run as does_not_run
from groklens.snapshots.blocks import inputs_in_blocks as inputs_in_blocks
from groklens.snapshots.blocks import running as running
from groklens.snapshots.memo import once_per_snapshot as once_per_snapshot
from groklens.snapshots.scores import Split as Split
from groklens.snapshots.scores import accuracy_if as accuracy_if
from groklens.snapshots.scores import accuracy_if_by_answer as accuracy_if_by_answer
from groklens.snapshots.scores import correct_by_labels as correct_by_labels
from groklens.snapshots.scores import correct_by_targets as correct_by_targets
from groklens.snapshots.scores import judged_by as judged_by
from groklens.snapshots.scores import judged_on_its_side as judged_on_its_side
from groklens.snapshots.scores import scores as scores
from groklens.snapshots.snapshot import Snapshot as Snapshot
from groklens.snapshots.split_index import TrainIndex as TrainIndex
from groklens.snapshots.split_index import split_index as split_index
from groklens.snapshots.split_index import split_of as split_of
from groklens.snapshots.statistics import input_statistics as input_statistics
from groklens.snapshots.statistics import logit_means as logit_means
from groklens.snapshots.statistics import logit_similarities as logit_similarities
from groklens.snapshots.statistics import neuron_shares as neuron_shares
from groklens.snapshots.statistics import symmetry_of as symmetry_of
