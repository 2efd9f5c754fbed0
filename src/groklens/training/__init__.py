"""Training: `gl.train`, and the recorder for a user's own training loop."""

from groklens.training.evaluated import Evaluated as Evaluated
from groklens.training.extend import extend as extend
from groklens.training.fork import fork as fork
from groklens.training.options import Options as Options
from groklens.training.recorder import Recorder as Recorder
from groklens.training.stacking import first_stack as first_stack
from groklens.training.stopping import Generalised as Generalised
from groklens.training.stopping import Settled as Settled
from groklens.training.train import train as train
from groklens.training.train import train_many as train_many
from groklens.training.train import train_within as train_within
from groklens.training.training_plan import is_finished as is_finished
