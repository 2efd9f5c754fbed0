# %% [markdown]
# # A sweep
# Where does a network generalise at all, and when? One recipe over values of its fields: weight decay, share of the
# table that is shown, seeds. Runs of one shape train at once, so that 27 small runs take seconds.

# %%
import tempfile
from pathlib import Path

import groklens as gl

recipe = gl.Recipe(
    task=gl.ModularArithmetic(11, "add"),
    train_fraction=0.75,
    model=gl.MLP(d_mlp=64, d_embed=None, combine="concat", act_fn="quadratic", bias=False),
    optimizer=gl.AdamW(lr=1e-2, weight_decay=1.0),
    steps=600,
    evaluate_every=25,
    keep=gl.Steps([600]),
)
over = {"optimizer.weight_decay": (0.1, 0.5, 2.0), "train_fraction": (0.6, 0.75, 0.9), "seed": range(3)}
runs = gl.Sweep(recipe, over).run(Path(tempfile.mkdtemp()) / "sweep")
runs

# %% [markdown]
# When each run memorised, generalised and settled: a table over the sweep's axes. What had not happened by the last
# step is missing, and is not the same as never.

# %%
events = runs.events()
events["generalised"].median("seed").to_pandas()

# %% [markdown]
# The share of runs that have not generalised yet, one line a weight decay. A line that stays up is of runs that did
# not, as long as they were watched.

# %%
gl.views.survival(events, by="weight_decay")

# %% [markdown]
# And the plane itself: the delay from memorising to generalising in colour, and in each square how many of its seeds
# generalised.

# %%
gl.views.phase_diagram(gl.sweeps.over_seeds(events))
