"""`groklens info`: what a run is, as far as its files say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from groklens.cli.app import OwnParts, RunPath, command
from groklens.cli.opened import named_run
from groklens.cli_io import own_parts
from groklens.errors import ConfigNeeded, TaskNeeded


@command("groklens info mod113 --json")
def info(
    path: RunPath,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    verify: Annotated[bool, typer.Option(help="Check every file against its checksum.")] = False,
    parts: OwnParts = None,
) -> None:
    """What a run is: recipe, kept steps, versions, engine; of other formats, what their files say."""

    run, task, lacking = _opened(named_run(path), verify, own_parts(parts))
    model = {
        **run.model,
        **({"config": {n: v for n, v in run.model["config"].items() if n not in lacking}} if lacking else {}),
    }
    values = {
        "run": run.name,
        "format": run.format,
        "task": task,
        "finished": run.finished,
        "id": None if run.recipe is None else run.recipe.id,
        "steps": run.steps,
        "measured": run.measured,
        "model": model,
        "environment": run.environment,
        "recipe": None if run.recipe is None else run.recipe.to_dict(),
        "known": run.known,
        "unguarded": list(run.unguarded),
        "not said": list(lacking),
    }
    if as_json:
        typer.echo(json.dumps(values, indent=1, default=str))
        return
    typer.echo(repr(run) if task else f"{run.name}: {run.format}, of a task that its files do not say")
    listed = ", ".join(map(str, run.steps)) if run.step_known else "one, which of them is unknown"
    typer.echo(f"kept steps: {listed}")
    if run.measured:
        typer.echo(f"numbers alone of steps: {', '.join(map(str, run.measured))}")
    for name in ("id", "environment", "recipe", "known", "not said", "unguarded"):
        if values[name]:
            typer.echo(f"{name}: {_flat(values[name])}")


def _opened(path: Path, verify: bool, parts: list[Any]) -> tuple[Any, str | None, tuple[str, ...]]:
    """The run at a path, its task if its files say it, and what they leave open of its model."""
    import groklens as gl

    stand_in = {"n_heads": 1, "act_fn": "relu", "normalization_type": None, "attention_dir": "causal"}
    stand_in["positional_embedding_type"] = "rotary"
    try:
        run = gl.load(path, verify=verify, parts=parts)
        return run, run.task.name if run.steps or run.format != "loss_log" else None, ()
    except TaskNeeded:  # weights alone: all but the task is known
        probe = gl.Probe([[0]])
    try:
        return gl.load(path, task=probe, verify=verify, parts=parts), None, ()
    except ConfigNeeded as error:
        config = {name: stand_in[name] for name in error.lacking}
        return gl.load(path, task=probe, config=config, verify=verify, parts=parts), None, error.lacking


def _flat(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
