"""The methods paragraph of an explanation: how the run was trained and how it was looked at, in plain sentences."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from groklens.claims import DRAWS, how_many, percent
from groklens.evidence import ENOUGH, generalises, judged_on
from groklens.explain.goes_on_from import goes_on_from, other_inputs_since
from groklens.runs import Run, steps_count
from groklens.snapshots import Snapshot

if TYPE_CHECKING:
    from groklens.explain.explanation import Explanation

#: What fields of optimisers and models are called in a paper, where not by their own name.
_CALLED = {
    "lr": "learning rate",
    "betas": "betas",
    "eps": "epsilon",
    "warmup_steps": "steps of linear warm-up",
}

#: What a paper says of every training.
_ASKED = {
    "optimizer": "the optimiser",
    "lr": "the learning rate",
    "weight_decay": "the weight decay",
    "seed": "the seed",
}


def methods(why: Explanation) -> str:
    """The methods paragraph: task and split, model, training, what was kept, how it was looked at, what is not known.

    Of the recipe, where groklens trained the run; of others what their files say. Whatever is not recorded is named at
    the end, so that nothing is taken for granted.
    """
    run, final = why.source, why.final
    said = [
        _data(run, final),
        _model(run, final),
        *_training(run),
        _kept(run, final),
        _looked_at(why),
        _unknown(run, final),
    ]
    return " ".join(each for each in said if each)


def _data(run: Run, final: Snapshot) -> str:
    task, total = final.task, len(final.task.labels)
    if task.is_stream:
        return (
            f"The task is {task.name}: every update sees fresh examples, a probe of {total:,} is looked at."
        )
    if final.train_index is None:
        return f"The task is {task.name}, with {how_many(total, 'input')}."
    n_train = len(final.train_index)
    drawn = f", chosen by seed {run.recipe.seed}" if run.recipe is not None and n_train < total else ""
    rest = "; the others are the test inputs" if n_train < total else ""
    chosen = f"{n_train:,} ({percent(n_train / total)}{drawn})"
    step = other_inputs_since(run)
    since = "" if step is None else f" from step {step:,} on"
    return f"The task is {task.name}, with {how_many(total, 'input')}, of which {chosen} were trained on{since}{rest}."


def _model(run: Run, final: Snapshot) -> str:
    start = None if run.recipe is None else getattr(run.recipe.model, "init", None)
    scheme = f" by the {start} scheme" if isinstance(start, str) else ""
    seed = "" if run.recipe is None else f" Initial weights were drawn{scheme} with seed {run.recipe.seed}."
    return f"The model: {final.anatomy.in_words}.{seed}"


def _training(run: Run) -> list[str]:
    recipe = run.recipe
    if recipe is None:
        facts = {name: value for name, value in run.known.items() if isinstance(value, (str, int, float))}
        listed = ", ".join(f"{_named(name)} {value}" for name, value in facts.items())
        return [f"Its files say of the training: {listed}."] if facts else []
    optimizer = recipe.optimizer
    with_ = f" ({', '.join(_fields(optimizer))})" if is_dataclass(optimizer) and fields(optimizer) else ""
    loss = recipe.loss.replace("_", "-") if isinstance(recipe.loss, str) else type(recipe.loss).__name__
    batch = "on all of them at once" if recipe.batch_size is None else f"on batches of {recipe.batch_size:,}"
    begun = recipe.first_step
    steps = how_many((run.steps[-1] if run.finished is not False else recipe.steps) - begun, "update")
    done = f"{run.steps[-1] - begun:,} of " if run.finished is False else ""
    goes_on = "" if run.parent is None else f"It goes on from {goes_on_from(run)}."
    since = f"From step {begun:,} on it" if begun else "It"
    said = f"{since} was trained for {done}{steps} {batch} by {type(optimizer).__name__}{with_}, on the {loss} loss."
    return [goes_on, said]


def _fields(part: Any) -> list[str]:
    """What an optimiser was given, name and value; a weight decay of 0.0 is said, what was not asked for is not."""
    values = {each.name: getattr(part, each.name) for each in fields(part)}
    return [_field(name, value) for name, value in values.items() if isinstance(value, float) or value]


def _field(name: str, value: Any) -> str:
    if name == "warmup_steps":
        return f"{value:,} {_CALLED[name]}"
    several = value if isinstance(value, (tuple, list)) else [value]
    return f"{_named(name)} {' and '.join(f'{each:g}' if isinstance(each, float) else str(each) for each in several)}"


def _named(name: str) -> str:
    return _CALLED.get(name, name.replace("_", " "))


def _kept(run: Run, final: Snapshot) -> str:
    if len(run.steps) < 2:
        return "" if final.step is None else f"One checkpoint was looked at, that of step {final.step:,}."
    return f"Weights were kept at {len(run.steps)} steps, from {run.steps[0]:,} to {run.steps[-1]:,}."


def _looked_at(why: Explanation) -> str:
    task, steps = why.final.task, why.table.sizes["step"]
    said = f"groklens {version('groklens')} looked at {how_many(steps, 'step')}; "
    said += "losses come from float64 log-softmax."
    if task.reference is not None:
        gain = f"{percent(ENOUGH)} of what the {task.reference.name} predictor gains over guessing"
        return f"{said} The model counts as generalising from {gain}."
    held_out = why.final.test_index
    if held_out is not None and not len(held_out):
        said += " Every input was trained on, so that generalising cannot be told from memorising."
    else:
        inputs = "all inputs, as its split is not known" if held_out is None else judged_on(why.final)
        said += f" The model counts as generalising from an accuracy of {percent(ENOUGH)} on {inputs}."
    if task.symmetry is None:
        return said
    if generalises(why.final).verdict != "supported":  # before what follows from a search
        return f"{said} No circuit was sought."
    return (
        f"{said} A circuit, some components of the group {task.symmetry.group.name}, was sought at the last step. It "
        "counts where it is sufficient and necessary beside random subspaces of equal dimension and random changes of "
        f"equal energy, at least {DRAWS} draws of each."
    )


def _unknown(run: Run, final: Snapshot) -> str:
    """What is not recorded, so that no reader takes it for the usual."""
    known = run.known
    missing = []
    if run.recipe is None:
        missing += [said for name, said in _ASKED.items() if name not in known]
        missing += ["how the weights were initialised", "the loss trained on"]
    if final.train_index is None and not final.task.is_stream:
        missing.append("which inputs were trained on")
    if final.step is None or steps_count(run) != "updates":
        missing.append("the number of updates")
    if not run.environment.get("torch"):
        missing.append("the versions that trained it")
    return f"Not known: {', '.join(missing)}." if missing else ""
