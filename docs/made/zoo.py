"""The truth table over models that other people trained: `python -m docs.made.zoo ZOO` writes `docs/zoo.json`.

ZOO is a folder of such models with `golden.json`, the values that their files must give and the answers that the
evidence allows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import groklens as gl

KEPT = Path(__file__).parents[1] / "zoo.json"
#: How the files of each source are named.
FILES = {"pizza": "model_{}.pt", "nanda": "{}.pth", "rep_theory": "{}", "y_agent": "{}"}
#: Whose they are.
AUTHORS = {
    "pizza": "Zhong et al. 2023",
    "nanda": "Nanda et al. 2023",
    "rep_theory": "Chughtai et al. 2023",
    "y_agent": "y_agent, an MLP on sums",
}


def answer(path: Path, expected: dict[str, Any]) -> dict[str, Any]:
    """What the library says of one model, and what it may say."""
    run = gl.load(path)
    why = gl.explain(run.final)
    return {
        "task": run.task.name,
        "accuracy": float(gl.measures.all_accuracy(run.final)),
        "algorithm": why.algorithm,
        "verdict": why.verdict,
        "components": [str(each) for each in why.circuit.components] if why.circuit else [],
        "allowed": expected["algorithm"],
    }


def main(zoo: Path) -> None:
    """Every model of the zoo, asked once."""
    golden = json.loads((zoo / "golden.json").read_text())
    rows = []
    for source, pattern in FILES.items():
        for name, expected in golden[source].items():
            if isinstance(expected, dict):
                found = answer(zoo / source / pattern.format(name), expected)
                rows.append({"authors": AUTHORS[source], "model": name, **found})
                print(rows[-1], flush=True)
    KEPT.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
