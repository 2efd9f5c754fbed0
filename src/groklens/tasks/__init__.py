"""What is learned: one task family a file."""

from groklens.tasks.composition import GroupComposition as GroupComposition
from groklens.tasks.corrupted import Corrupted as Corrupted
from groklens.tasks.group import FiniteGroup as FiniteGroup
from groklens.tasks.modular import ModularArithmetic as ModularArithmetic
from groklens.tasks.named_groups import as_group as as_group
from groklens.tasks.named_groups import group_named as group_named
from groklens.tasks.permutation_groups import permutations_of as permutations_of
from groklens.tasks.probe import Probe as Probe
from groklens.tasks.random_table import RandomTable as RandomTable
from groklens.tasks.serial import check_can_be_made_again as check_can_be_made_again
from groklens.tasks.serial import task_from_spec as task_from_spec
from groklens.tasks.table import TableTask as TableTask
from groklens.tasks.task import Symmetry as Symmetry
from groklens.tasks.task import Task as Task
from groklens.tasks.task import check_task as check_task
