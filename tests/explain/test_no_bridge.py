"""A shipped transformer is explained without TransformerLens, in a process that has not imported it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "examples" / "runs" / "random-table"
SCRIPT = """
import sys
import groklens as gl
why = gl.explain(gl.load(sys.argv[1]), progress=False)
assert why.algorithm == "memorised", why.algorithm
heavy = {"transformer_lens", "transformers", "datasets", "sympy", "plotly", "torch._dynamo"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.slow
def test_explaining_a_shipped_run_imports_no_transformer_lens():
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(RUN)], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
