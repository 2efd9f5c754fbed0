"""The facts of a run (model, optimiser, data, steps, versions), one line each, for the head of a report."""

from __future__ import annotations

from datetime import date
from importlib.metadata import version
from typing import Any

from groklens.claims import how_many, number, percent
from groklens.errors import shown
from groklens.explain.goes_on_from import goes_on_from, other_inputs_since
from groklens.runs import Run, steps_count
from groklens.snapshots import Snapshot


def run_facts(run: Run, final: Snapshot) -> dict[str, str]:
    """The known facts of a run by name; unknown ones are said to be unknown.

    Runs that groklens trained know all of it; of others their files say some.
    """
    return {
        "Model": final.anatomy.in_words,
        **_goes_on_from(run),
        "Training": _training(run),
        "Data": _data(run, final),
        "Steps": _steps(run, final),
        "Versions": _versions(run),
        **_unguarded(run),
        **_not_in_the_history(run),
        "Report": f"groklens {version('groklens')}, {_day(date.today())}",
    }


def _goes_on_from(run: Run) -> dict[str, str]:
    """The run whose first updates these are, of one that was forked or extended."""
    return {"Goes on from": goes_on_from(run)} if run.parent is not None else {}


def _training(run: Run) -> str:
    recipe = run.recipe
    if recipe is None:
        names = {
            "optimizer": "{}",
            "lr": "learning rate {}",
            "weight_decay": "weight decay {}",
            "seed": "seed {}",
        }
        known = {name: _known(run, name) for name in names}
        return (
            ", ".join(names[name].format(value) for name, value in known.items() if value) or "not recorded"
        )
    optimizer, batch = recipe.optimizer, recipe.batch_size
    rates = {"lr": "learning rate", "weight_decay": "weight decay"}
    parts = [
        _by(optimizer),
        *(
            f"{said} {number(getattr(optimizer, name))}"
            for name, said in rates.items()
            if hasattr(optimizer, name)
        ),
        f"{_loss(recipe.loss)} loss",
        "full batch" if batch is None else f"batches of {batch:,}",
        f"seed {recipe.seed}",
    ]
    since = f"from step {recipe.first_step:,} on: " if recipe.first_step else ""
    return since + ", ".join(parts)


def _by(optimizer: Any) -> str:
    """An optimiser's name, and that of the one inside whose gradients it changes."""
    inside = getattr(optimizer, "optimizer", None)
    return type(optimizer).__name__ + ("" if inside is None else f" around {_by(inside)}")


def _loss(loss: Any) -> str:
    return loss.replace("_", " ") if isinstance(loss, str) else type(loss).__name__


def _known(run: Run, name: str) -> str | None:
    value = run.known.get(name)
    if isinstance(value, float):
        return number(value)
    return str(value) if isinstance(value, str | int) else None


def _data(run: Run, final: Snapshot) -> str:
    total = len(final.task.labels)
    if final.task.is_stream:
        return f"{final.task.name}, fresh inputs for every update; a probe of {total:,} is looked at"
    if final.train_index is None:
        share, which = final.train_share, "which were trained on is not known"
        which = which if share is None else f"{percent(share)} trained on, which of them is not known"
        return f"{final.task.name}, {how_many(total, 'input')}, {which}"
    chosen, step = len(final.train_index), other_inputs_since(run)
    since = "" if step is None else f" from step {step:,} on"
    return f"{final.task.name}, {how_many(total, 'input')}, {percent(chosen / total)} trained on ({chosen:,}){since}"


def _steps(run: Run, final: Snapshot) -> str:
    steps = run.steps
    if len(steps) == 1:
        return (
            "one model, the step of which is not known"
            if final.step is None
            else f"step {final.step:,} alone"
        )
    alone = f", and the numbers of {len(run.measured)} more" if run.measured else ""
    theirs = (
        "" if run.parent is None else f" ({run.parent['step']:,} of them those of {shown(run.parent['run'])})"
    )
    counted = how_many(steps[-1], steps_count(run).removesuffix("s"))
    return f"{counted}{theirs}, {len(steps)} steps kept{alone}"


def _versions(run: Run) -> str:
    environment = run.environment
    said = [
        f"{name} {environment[name]}"
        for name in ("groklens", "torch", "transformer-lens", "python")
        if environment.get(name)
    ]
    trained = environment.get("date")
    said += [f"trained on {_day(date.fromisoformat(trained))}"] if trained else []
    return ", ".join(said) or "not recorded"


def _unguarded(run: Run) -> dict[str, str]:
    """The files of a finished run, written by an earlier version, that no checksum guards."""
    what = run.unguarded if run.finished else ()
    return {"Not under a checksum": ", ".join(what)} if what else {}


def _not_in_the_history(run: Run) -> dict[str, str]:
    """The losses and other curves that a file of others holds, and of which it is not known what they are by step."""
    what = run.known.get("left out of the history")
    return (
        {"Not in its history": f"{', '.join(map(str, what))}, in its files"} if isinstance(what, list) else {}
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
