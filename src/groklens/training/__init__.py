"""Training: the loop, its optimisers, and the recorder for a loop of the user's own."""

from groklens.training.recorder import Recorder as Recorder
from groklens.training.train import train as train
from groklens.training.train import train_many as train_many
