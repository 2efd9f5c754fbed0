"""Write the examples as notebooks, beside them: `make notebooks`.

Each names its kernel, so that no front end asks for one. The first is kept in the repository, where Colab opens it. The
id of a cell is its place, so that the same script is the same file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jupytext
import nbformat

HERE = Path(__file__).parent
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook(script: Path) -> nbformat.NotebookNode:
    """The notebook of a script, without outputs."""
    made = jupytext.read(script)
    made.metadata = nbformat.from_dict(METADATA)
    for place, cell in enumerate(made.cells):
        cell.id, cell.metadata = f"cell-{place}", nbformat.NotebookNode()
    nbformat.validate(made)
    return made


def write(script: Path) -> Path:
    """Write the notebook of a script beside it."""
    path = script.with_suffix(".ipynb")
    nbformat.write(notebook(script), path)
    return path


if __name__ == "__main__":
    for script in map(Path, sys.argv[1:]) if sys.argv[1:] else sorted(HERE.glob("[0-9]*.py")):
        print(write(script))
