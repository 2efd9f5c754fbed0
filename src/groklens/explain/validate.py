"""`groklens.explain.validate`: whether a `why.json` is what an explanation writes, by its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, described


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `why.json`, which programs in any language can check it by."""
    text = files("groklens.explain").joinpath("why.schema.json").read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def validate(why: str | Path | Mapping[str, Any]) -> None:
    """Raise `BadArgument` where an explanation in JSON, a path or its values, is not what an explanation writes.

    Names the first place that is wrong. Fields beyond those of the schema are allowed, since later versions add
    some; nan and infinity are none of JSON's numbers and are refused. Needs `jsonschema`.

    >>> validate("why.json")  # doctest: +SKIP
    """
    try:
        from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    except ImportError:
        raise BadArgument(
            "An explanation in JSON is checked with jsonschema, which is not installed: pip install jsonschema."
        ) from None
    values = dict(why) if isinstance(why, Mapping) else _read(why)
    wrong = sorted(Draft202012Validator(schema()).iter_errors(values), key=lambda error: error.json_path)
    if wrong:
        more = f" ({len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise BadArgument(
            f"This is no explanation as groklens writes it: {wrong[0].json_path}: {wrong[0].message[:300]}{more}. "
            "Write it again: gl.explain(run).to_json(path)."
        )


def _read(path: str | Path) -> Any:
    if not isinstance(path, (str, Path)):
        raise BadArgument(
            f"An explanation is checked as a path or as its values, and {described(path)} was given."
        )
    try:
        return json.loads(Path(path).expanduser().read_text(encoding="utf-8"), parse_constant=_refused)
    except (OSError, ValueError) as error:
        raise BadArgument(f"{path} is no JSON file that can be read: {error}.") from error


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is none of JSON's numbers")
