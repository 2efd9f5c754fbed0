"""Looking at models: snapshots, and activations across checkpoints."""

from groklens.capture.capture import capture as capture
from groklens.capture.lone import LoneModel as LoneModel
from groklens.capture.run_like import RunLike as RunLike
from groklens.capture.snapshot import Snapshot as Snapshot
from groklens.capture.split_index import TrainIndex as TrainIndex
