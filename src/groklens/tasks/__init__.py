"""Tasks: the problems that models learn, one family per file."""

from groklens.public import public_names
from groklens.tasks.composition import GroupComposition as GroupComposition
from groklens.tasks.corrupted import Corrupted as Corrupted
from groklens.tasks.digits import Digits as Digits
from groklens.tasks.examples import LAST as LAST
from groklens.tasks.examples import Examples as Examples
from groklens.tasks.examples import Inputs as Inputs
from groklens.tasks.examples import in_words as in_words
from groklens.tasks.markov_chains import MarkovChains as MarkovChains
from groklens.tasks.modular import OPERATIONS as OPERATIONS
from groklens.tasks.modular import ModularArithmetic as ModularArithmetic
from groklens.tasks.multitask_parity import MultitaskParity as MultitaskParity
from groklens.tasks.next_tokens import NextTokens as NextTokens
from groklens.tasks.numbers import numbers_of as numbers_of
from groklens.tasks.numbers import place_of as place_of
from groklens.tasks.probe import Probe as Probe
from groklens.tasks.random_table import RandomTable as RandomTable
from groklens.tasks.saved_tokenizer import tokenizer_of as tokenizer_of
from groklens.tasks.serial import check_can_be_made_again as check_can_be_made_again
from groklens.tasks.serial import kinds as kinds
from groklens.tasks.serial import own_tasks as own_tasks
from groklens.tasks.serial import task_from_spec as task_from_spec
from groklens.tasks.sparse_parity import SparseParity as SparseParity
from groklens.tasks.sparse_parity import hidden_bits as hidden_bits
from groklens.tasks.split_examples import split_examples as split_examples
from groklens.tasks.standard_library import StandardLibrary as StandardLibrary
from groklens.tasks.stream import Stream as Stream
from groklens.tasks.table import TableTask as TableTask
from groklens.tasks.task import Task as Task
from groklens.tasks.task import check_task as check_task
from groklens.tasks.task import check_tokens as check_tokens
from groklens.tasks.text import Text as Text
from groklens.tasks.two_hop import TwoHop as TwoHop
from groklens.tasks.two_languages import SPOKEN as SPOKEN
from groklens.tasks.two_languages import TwoLanguages as TwoLanguages
from groklens.tasks.word_lists import COMPASS as COMPASS
from groklens.tasks.word_lists import HOURS as HOURS
from groklens.tasks.word_lists import MONTHS as MONTHS
from groklens.tasks.word_lists import NOTES as NOTES
from groklens.tasks.word_lists import UNRELATED as UNRELATED
from groklens.tasks.word_lists import WEEKDAYS as WEEKDAYS
from groklens.tasks.words import Words as Words
from groklens.tasks.written import Written as Written
from groklens.tasks.written_sums import WrittenSums as WrittenSums

#: What stands here for other packages alone.
_FOR_THE_LIBRARY = {
    "LAST",
    "SPOKEN",
    "check_can_be_made_again",
    "check_task",
    "check_tokens",
    "hidden_bits",
    "in_words",
    "kinds",
    "numbers_of",
    "own_tasks",
    "place_of",
    "public_names",
}


def __dir__() -> list[str]:
    return public_names(globals(), _FOR_THE_LIBRARY)
