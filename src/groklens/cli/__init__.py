"""The command line, `groklens`: one command a file, each of which puts itself among the commands of `app`.

What a command needs of torch it imports once it is run, so that help and mistakes need not wait for that.
"""

from groklens.cli.app import app as app
from groklens.cli.completion import completion as completion
from groklens.cli.demo import demo as demo
from groklens.cli.examples import examples as examples
from groklens.cli.explain import explain as explain
from groklens.cli.forecast import forecast as forecast
from groklens.cli.info import info as info
from groklens.cli.main import main as main
from groklens.cli.new import new as new
from groklens.cli.show import show as show
from groklens.cli.sweep import sweep as sweep
from groklens.cli.tasks import tasks as tasks
from groklens.cli.track import track as track
from groklens.cli.train import train as train
