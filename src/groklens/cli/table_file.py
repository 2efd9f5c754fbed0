"""Tables as files for other programs: CSV, or Parquet where a library for it is there."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groklens.cli_io import check_writable
from groklens.errors import BadArgument

if TYPE_CHECKING:
    import pandas as pd

#: Where a table goes.
TableFile = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "--csv",
        help="Write the table here instead of printing it: .csv or .parquet.",
        metavar="FILE",
    ),
]
_PARQUET = (".parquet", ".pq")
_ENDINGS = (".csv", *_PARQUET, "")


def check_table_file(path: Path | None) -> None:
    """Raise `BadArgument` unless a table can be written there, before anything is computed."""
    check_writable(path)
    if path is not None and path.suffix.lower() not in _ENDINGS:
        raise BadArgument(
            f"{path} ends in {path.suffix}, and tables are written as .csv or .parquet; give "
            f"{path.with_suffix('.csv')}."
        )
    has_library = any(importlib.util.find_spec(name) for name in ("pyarrow", "fastparquet"))
    if path is not None and _is_parquet(path) and not has_library:
        raise BadArgument(
            f"Parquet needs a library: pip install pyarrow, or write {path.with_suffix('.csv')}."
        )


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in _PARQUET


def put_table(frame: pd.DataFrame, path: Path | None) -> None:
    """Print a table without its index as CSV, or write it to a file by the ending of its name."""
    from groklens.runs import write_result

    if path is not None and _is_parquet(path):
        named = [name for name in frame.columns if frame[name].dtype == object]
        write_result(path, frame.astype(dict.fromkeys(named, "string")).to_parquet(index=False))
    elif path is not None:
        write_result(path, frame.to_csv(index=False).encode())
    else:
        typer.echo(frame.to_csv(index=False), nl=False)
