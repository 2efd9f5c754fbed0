"""The names that users type and the calls that are valid, as JSON: `python tests/public_names.py > FILE`."""

import ast
import inspect
import json
import sys
import tempfile
import textwrap
import types
import warnings
from pathlib import Path
from typing import Any

import torch

import groklens as gl

MODULES = ("harmonics", "interventions", "measures", "theory", "views")
#: Methods with a name of Python's that users call without writing it.
SPECIAL = ("__call__", "__contains__", "__enter__", "__exit__", "__getitem__", "__iter__", "__len__")
SIMPLE = (type(None), bool, int, float, str)
#: Stands for a default whose repr says too much of what it is made of.
SOME = "…"


def collect(folder: Path) -> dict[str, dict[str, Any]]:
    """Every public name and what can be done with it; values that calls return are made in `folder`."""
    names = {name: described(getattr(gl, name)) for name in gl.__all__}
    for module in MODULES:
        names |= {f"{module}.{name}": described(value) for name, value in public(getattr(gl, module)).items()}
    return {"names": names, "values": {title: members_of(value) for title, value in values(folder).items()}}


def public(module: types.ModuleType) -> dict[str, Any]:
    """What a module of ours shows, without what it borrows and the modules that it is made of."""
    shown = {name: getattr(module, name) for name in sorted(dir(module)) if not name.startswith("_")}
    return {name: value for name, value in shown.items() if not _is_borrowed(value)}


def _is_borrowed(value: Any) -> bool:
    if inspect.isclass(value) or inspect.isroutine(value):
        return not str(value.__module__).startswith("groklens")
    return inspect.ismodule(value) or type(value).__module__ == "__future__"


def values(folder: Path) -> dict[str, Any]:
    """What users hold though they never type the name of its class."""
    task = gl.ModularArithmetic(7, "add")
    small = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32)
    recipe = gl.Recipe(task=task, model=small, steps=20, keep=gl.Every(10), train_fraction=0.6)
    run = gl.train(recipe, into=folder / "own", progress=False)
    torch.save(run.final.model.state_dict(), folder / "weights.pt")
    return {
        "gl.load of another format": gl.load(folder / "weights.pt", task=task, model=run.final.model),
        "Explanation.phases": gl.explain(run).phases[0],
        "Task.symmetry": task.symmetry,
    }


def found(name: str) -> Any:
    """The value of a public name; one that warns that it will go is still there."""
    value: Any = gl
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for part in name.split("."):
            value = getattr(value, part)
    return value


def described(value: Any) -> dict[str, Any]:
    """A module, a value, or what is called: a function, or a class with its members."""
    if inspect.ismodule(value):
        return {"kind": "module"}
    if inspect.isclass(value):
        return {"kind": "class", "parameters": parameters(value), "members": members(value)}
    if callable(value) and type(value).__module__ not in ("types", "typing"):  # unions of types are values
        return {"kind": "function", "parameters": parameters(value)}
    return {"kind": "value"}


def parameters(function: Any, *, bound: bool = True) -> list[dict[str, str]]:
    """Name and kind of each parameter, and its default where it has one; of a plain method without `self`."""
    if getattr(function, "_is_protocol", False):  # nobody makes one
        return []
    try:
        known = list(inspect.signature(function).parameters.values())
    except ValueError:  # an exception class has no signature
        return [{"name": "args", "kind": "variadic positional"}]
    return [_parameter(each) for each in (known if bound else known[1:])]


def _parameter(each: inspect.Parameter) -> dict[str, str]:
    default = {} if each.default is each.empty else {"default": _default(each.default)}
    return {"name": each.name, "kind": each.kind.description, **default}


def _default(value: Any) -> str:
    simple = isinstance(value, SIMPLE) or (
        isinstance(value, tuple) and all(isinstance(each, SIMPLE) for each in value)
    )
    return repr(value) if simple else SOME


def members(cls: type) -> dict[str, dict[str, Any]]:
    """Public methods and attributes of a class, those of its bases in the same library included."""
    names: set[str] = set()
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] == cls.__module__.partition(".")[0]:
            names |= {*vars(base), *inspect.get_annotations(base), *_set_by_methods(base)}
    chosen = sorted(name for name in names if name in SPECIAL or not name.startswith("_"))
    return {name: member(cls, name) for name in chosen}


def member(cls: type, name: str) -> dict[str, Any]:
    """A method with its parameters, or a value: a property, a field, an attribute of the instance."""
    raw = inspect.getattr_static(cls, name, None)
    if inspect.isfunction(raw):
        return {"kind": "function", "parameters": parameters(raw, bound=False)}
    if isinstance(raw, classmethod | staticmethod):
        return {"kind": "function", "parameters": parameters(getattr(cls, name))}
    return {"kind": "value"}


def _set_by_methods(cls: type) -> set[str]:
    """Attributes that methods give to `self`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError):
        return set()
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def members_of(value: Any) -> dict[str, dict[str, Any]]:
    """Members of a value's class, and what only this value has."""
    own = [name for name in getattr(value, "__dict__", {}) if not name.startswith("_")]
    known = {**{name: {"kind": "value"} for name in own}, **members(type(value))}
    return {name: known[name] for name in sorted(known)}


def as_text(collected: dict[str, dict[str, Any]]) -> str:
    """JSON with a name, or a member of a class, to a line."""
    return _lines(collected, 0) + "\n"


def _lines(values: Any, depth: int) -> str:
    nested = isinstance(values, dict) and any(isinstance(each, dict) for each in values.values())
    if not nested:
        return json.dumps(values, ensure_ascii=False)
    inner = [
        f"{' ' * (depth + 1)}{json.dumps(name)}: {_lines(each, depth + 1)}" for name, each in values.items()
    ]
    return "{\n" + ",\n".join(inner) + f"\n{' ' * depth}}}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        sys.stdout.write(as_text(collect(Path(made))))
