"""Looking at models: snapshots, and activations across checkpoints."""

from groklens.capture.capture import capture as capture
from groklens.capture.given import Given as Given
from groklens.capture.given import as_run as as_run
from groklens.capture.given import as_snapshot as as_snapshot
from groklens.capture.given import kept_steps as kept_steps
from groklens.capture.lone import LoneModel as LoneModel
from groklens.capture.run_like import RunLike as RunLike
from groklens.capture.snapshot import Snapshot as Snapshot
from groklens.capture.split_index import TrainIndex as TrainIndex
