"""Training: `gl.train`, and the recorder for a user's own training loop."""

from groklens.training.evaluated import Evaluated as Evaluated
from groklens.training.recorder import Recorder as Recorder
from groklens.training.stopping import Generalised as Generalised
from groklens.training.stopping import Settled as Settled
from groklens.training.train import train as train
from groklens.training.train import train_many as train_many
