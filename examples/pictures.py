"""Make the pictures of the README: `python examples/pictures.py [FOLDER]`."""

import sys
from pathlib import Path

import groklens as gl

HERE = Path(__file__).parent

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    why = gl.explain(gl.load(HERE / "runs" / "mod113"))
    losses = [
        "train_loss",
        "test_loss",
        "restricted_loss",
        "excluded_loss",
        "train_accuracy",
        "test_accuracy",
    ]
    for name, view in {
        "curves": gl.views.curves(why, losses),
        "neurons": gl.views.neurons(why),
        "circuit": gl.views.circuit(why),
    }.items():
        print(view.save(folder / f"{name}.png"))
