"""`@gl.measure`, which declares a function of a snapshot as a measure with its name, units, range, source and needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, Protocol, TypeVar, cast, runtime_checkable

import xarray as xr

from groklens.errors import BadArgument, described, is_number
from groklens.hypotheses import AnyCircuit, Circuit, as_circuit, circuit_such_as
from groklens.models import Heads
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot
from groklens.tasks import MultitaskParity, TwoLanguages, Words, WrittenSums, hidden_bits

#: What a measure may need of a snapshot besides logits and weights.
NEEDS = (
    "group", "split", "embedding", "neurons", "attention", "patterns", "circuit", "corruption", "readout",
    "languages", "copies", "next_tokens", "words", "numbers",
)  # fmt: skip
#: What a measure of a parity or of many may need: bits that are hidden, weights of each operand's own, several skills.
NEEDS_OF_PARITIES = ("hidden", "own_weights", "skills")
#: The first layer, of whose heads a model with attention has queries and keys.
_FIRST = Heads(layer=0, count=1)


@dataclass(frozen=True)
class About:
    """What a measure's numbers are (name, units, range, source): attributes of tables, and labels of pictures."""

    long_name: str
    units: str
    valid_range: tuple[float, float]
    source: str
    split: str
    needs: tuple[str, ...] = ()

    def attributes(self) -> dict[str, Any]:
        """The attributes of this measure's variable in a table."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items() if k != "needs"}


@runtime_checkable
class Measure(Protocol):
    """A function Snapshot → number or labelled array; a measure that needs a circuit takes it second.

    Of a run, or the path of one, it is taken at the last kept step.
    """

    @property
    def about(self) -> About:
        """What its numbers are."""

    @property
    def __name__(self) -> str:
        """The column's name."""

    def __call__(self, snapshot: AnyRun, circuit: AnyCircuit | None = None) -> float | xr.DataArray:
        """The measure's value for a snapshot (and a circuit, where it needs one)."""


P = ParamSpec("P")
T = TypeVar("T")


def _said_kindly(declare: Callable[P, T]) -> Callable[P, T]:
    """`measure`, answering what it was not told, or was told amiss, with what to type."""

    @wraps(declare)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            bound = signature(declare).bind(*args, **kwargs)
        except TypeError as error:
            alone = len(args) == 1 and callable(args[0])
            raise BadArgument(
                f"{'Nothing is said of its numbers' if alone else str(error).capitalize()}; {_HOW}"
            ) from None
        _check_texts(bound.arguments)
        return declare(*args, **kwargs)

    return told


_HOW = (
    "a measure says what its numbers mean: @gl.measure(long_name='smallest margin', units='logits', "
    "valid_range=(-1e9, 1e9), source='the paper and section of its definition')."
)


def _check_texts(given: Mapping[str, Any]) -> None:
    """Raise `BadArgument` for what is no text, or one where several are, or a range that is not two numbers."""
    for name in ("long_name", "units", "source"):
        if not isinstance(given[name], str):
            raise BadArgument(f"{name} is {described(given[name])} and should be text; {_HOW}")
    needs = given.get("needs")
    if isinstance(needs, str):
        raise BadArgument(f"needs is the text {needs!r} and should be several: needs=({needs!r},).")
    ends = given["valid_range"]
    if not (
        isinstance(ends, tuple | list) and len(ends) == 2 and all(map(is_number, ends)) and ends[0] <= ends[1]
    ):
        raise BadArgument(
            f"valid_range is {described(ends)} and should be its two ends, low and high; {_HOW}"
        )


@_said_kindly
def measure(
    *,
    long_name: str,
    units: str,
    valid_range: tuple[float, float],
    source: str,
    split: str = "all",
    needs: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Measure]:
    """Declare a function as a measure and attach what its numbers mean.

    Args:
        long_name, units, valid_range: for axes and for checking: `track` warns of values outside the range, which
            includes its ends.
        source: the paper and section of the definition, and any departure from it.
        split: the inputs it is taken over: `"all"`, `"train"`, `"test"`, or `"weights"` for none.
        needs: what it cannot do without, of `"group"`, `"split"`, `"embedding"`, `"neurons"`, their `"readout"`,
            `"attention"`, its `"patterns"`, what heads write of tokens (`"copies"`), `"circuit"`, `"corruption"` of
            train labels, two `"languages"`, several positions that are answered (`"next_tokens"`), `"words"`
            and `"numbers"`. Called where one is missing it raises `BadArgument`; `track` leaves it out, and says so.

    >>> @measure(long_name="largest logit", units="logit", valid_range=(-1e9, 1e9), source="here")
    ... def largest_logit(snapshot):
    ...     return float(snapshot.logits.max())
    >>> largest_logit.about.units
    'logit'
    """
    about = About(long_name, units, valid_range, source, split, needs)
    unknown = set(needs) - {*NEEDS, *NEEDS_OF_PARITIES}
    if unknown:
        known = ", ".join((*NEEDS, *NEEDS_OF_PARITIES))
        raise BadArgument(f"needs holds {sorted(unknown)}; a measure may need {known}.")

    def declare(function: Callable[..., Any]) -> Measure:
        def called(snapshot: AnyRun, circuit: AnyCircuit | None = None) -> float | xr.DataArray:
            seen, given = checked(declared, snapshot, circuit)
            return function(seen, given) if "circuit" in needs else function(seen)

        called.__name__ = called.__qualname__ = function.__name__
        called.__doc__, called.__module__ = function.__doc__, function.__module__
        called.about = about  # type: ignore[attr-defined]
        declared = cast(Measure, called)
        return declared

    return declare


def checked(
    measure: Measure | Any, snapshot: AnyRun, circuit: AnyCircuit | None
) -> tuple[Snapshot, Circuit | None]:
    """What a measure is taken of, the snapshot and the circuit; `BadArgument` where one of its needs is not met."""
    about = measure.about
    seen = looked_at(about, as_snapshot(snapshot))
    given = None if circuit is None else as_circuit(circuit, seen.task)
    missing = lacking(about, seen, given)
    if missing:
        raise BadArgument(why_lacking(measure.__name__, missing[0], seen))
    return seen, given


def looked_at(about: About, snapshot: Snapshot) -> Snapshot:
    """The snapshot that a measure looks at: of what needs a group or a circuit, the inputs where the group acts."""
    return snapshot.where_group_acts if {"group", "circuit"} & set(about.needs) else snapshot


def lacking(about: About, snapshot: Snapshot, circuit: Circuit | None) -> list[str]:
    """Those of a measure's needs that a snapshot or circuit does not meet."""
    snapshot = looked_at(about, snapshot)
    return [need for need in about.needs if not _met(need, about, snapshot, circuit)]


def _met(need: str, about: About, snapshot: Snapshot, circuit: Circuit | None) -> bool:
    """Whether a snapshot has what is needed; nothing else of it is looked for, which may stack all weights."""
    anatomy, task = snapshot.anatomy, snapshot.task
    found: dict[str, Callable[[], bool]] = {
        "group": lambda: task.symmetry is not None or circuit is not None,
        "split": lambda: _has_split(about, snapshot),
        "embedding": lambda: anatomy.reads_operands,
        "neurons": lambda: anatomy.neurons is not None,
        "readout": lambda: snapshot.neuron_logit_map is not None,
        "attention": lambda: anatomy.can_score,
        "patterns": lambda: anatomy.shows_patterns,
        "copies": lambda: anatomy.can_copy,
        "circuit": lambda: circuit is not None,
        "corruption": lambda: task.is_corrupted,
        "languages": lambda: isinstance(task, TwoLanguages),
        "words": lambda: isinstance(task, Words),
        "numbers": lambda: isinstance(task, WrittenSums | Words) and bool(task.numbers),
        "next_tokens": lambda: len(task.reads) > 1 and task.d_vocab is not None,
        "hidden": lambda: bool(hidden_bits(task)),
        "own_weights": lambda: anatomy.reads_each_operand_apart,
        "skills": lambda: isinstance(task, MultitaskParity),
    }
    return found[need]()


def _has_split(about: About, snapshot: Snapshot) -> bool:
    test = snapshot.test_index
    known = test is not None and len(test) > 0
    return known and (
        about.split != "train" or snapshot.train_index is not None
    )  # a stream has test inputs alone


def said_lacking(measure: str, need: str, task: str, circuit: str = "gl.Circuit('C113', [14, 35])") -> str:
    """A message that a measure cannot be taken for want of one of its needs, and what to do."""
    return f"{measure} {_LACK[need].format(task=task, circuit=circuit)}"


def why_lacking(measure: str, need: str, snapshot: Snapshot) -> str:
    """`said_lacking` of a snapshot: where the hooks are there, that the number of heads is what lacks."""
    if need in _BY_HEAD and snapshot.anatomy.lacks_a_count(*_BY_HEAD[need]):
        return f"{measure} looks at single heads, and {NO_COUNT}"
    return said_lacking(measure, need, snapshot.task.name, circuit_such_as(snapshot.task))


#: What has to pass inside attention for each need, by the names of `Heads`.
_BY_HEAD = {"attention": ("queries", "keys"), "patterns": ("pattern",), "copies": ("values",)}
#: What is said of attention that is hooked and does not say how many heads it has.
NO_COUNT = (
    "this model's attention is named and does not say how many heads it has. Give that part of the module, or what it "
    "is in, an attribute n_heads (self.n_heads = 4), and call gl.hooked again."
)
_LACK = {
    "group": "needs a group, and {task} has none. Analyse a task with one, or look in a group of your choice "
    "with gl.find_circuit(snapshot, group='C113').",
    "split": "needs test inputs, and the split of this model is not known or holds nothing out. Give "
    "train_index to the Recorder or Snapshot.",
    "embedding": "needs weights that read an operand, and this model has neither W_E nor W_in. Name yours so, as "
    "attributes or properties of the model, or in gl.hooked(module, names={{'PATH.weight': 'W_E'}}).",
    "neurons": "needs MLP neurons, and this model has no blocks.*.mlp.hook_post. A torch module's are named in "
    "gl.hooked(module, names={{'PATH': 'blocks.0.mlp.hook_post'}}).",
    "attention": f"needs attention, and this model has no {_FIRST.queries.hook} and {_FIRST.keys.hook}. A torch "
    "module's are named in gl.hooked(module, names={{'PATH': 'blocks.0.attn'}}).",
    "patterns": f"needs attention patterns, and this model has no {_FIRST.pattern.hook}. A torch module's are named in "
    "gl.hooked(module, names={{'PATH': 'blocks.0.attn'}}).",
    "copies": f"needs what heads write of each token, and this model has no {_FIRST.values.hook} with a W_O and W_U. A "
    "torch module's are named in gl.hooked(module, names={{'PATH': 'blocks.0.attn', 'PATH.weight': 'W_U'}}).",
    "next_tokens": "needs a task that is answered at several positions, and {task} is at one; give "
    "gl.tasks.NextTokens(tokens).",
    "corruption": "needs train labels that are wrong, and those of {task} are not. Train on "
    "gl.Corrupted(task, 0.1).",
    "languages": "needs a task that is said in two languages, and {task} is not. Train on gl.tasks.TwoLanguages(p=23).",
    "words": "needs words on a circle, and {task} has none. Look at the model with those of a language: "
    "gl.tasks.Words(templates, gl.tasks.WEEKDAYS, tokenizer).",
    "numbers": "needs numbers as a language writes them, and {task} has none. Look at the model with sums: "
    "gl.tasks.WrittenSums(tokenizer).",
    "circuit": "is relative to a circuit: give one as its second argument, such as "
    "gl.find_circuit(snapshot) or {circuit}.",
    "hidden": "needs hidden bits among others, and {task} has none; gl.tasks.SparseParity(n=40, k=3) has.",
    "own_weights": "needs weights of its own for every operand, and this model has no W_in that reads each apart. Take "
    "gl.MLP(d_embed=None).",
    "skills": "needs a task of several skills, and {task} is not; gl.tasks.MultitaskParity(skills=16) is.",
    "readout": "needs what each neuron adds to each logit, and this model has no W_U (with a W_out in between) that "
    "fits its neurons. Name yours so, as attributes or properties of the model, or in gl.hooked(module, "
    "names={{'PATH.weight': 'W_U'}}).",
}
