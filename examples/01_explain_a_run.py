# %% [markdown]
# # Explain a run
# A small transformer learned a+b mod 113. When did it generalise, with what, and how do we know?

# %%
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")
run = gl.load(RUNS / "mod113")
run

# %% [markdown]
# `explain` finds the circuit in the last snapshot, tracks the progress measures over all kept steps, dates the
# phases, and tests every claim against controls that could have refuted it.

# %%
why = gl.explain(run)
print(why)

# %% [markdown]
# The same as numbers: a labelled table, one variable a measure, with units and sources attached.

# %%
why.table[["train_loss", "test_loss", "restricted_loss", "excluded_loss"]].to_dataframe()

# %% [markdown]
# The controls are runs too. The same recipe without weight decay, and a table without structure:

# %%
for name in ("mod113-no-decay", "random-table"):
    control = gl.explain(gl.load(RUNS / name))
    print(name, "→", control.algorithm, control.circuit)

# %% [markdown]
# All of it on one page that needs no network: `why.to_html("report.html")`. Here, its summary:

# %%
why

# %% [markdown]
# And the circuit: what flows from the operands through heads and neurons to the logits. An edge is as thick as
# the loss that it is worth; hover for the numbers and their controls.

# %%
gl.views.circuit(why)
