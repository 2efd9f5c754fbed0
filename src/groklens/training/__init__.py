"""Training: `gl.train`, and the recorder for a user's own training loop."""

from groklens.training.recorder import Recorder as Recorder
from groklens.training.train import train as train
from groklens.training.train import train_many as train_many
