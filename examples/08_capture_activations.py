# %% [markdown]
# # Activations over training
# `capture` runs every kept checkpoint on every input and returns one labelled array, hook by hook.

# %%
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")
run = gl.load(RUNS / "mod113")
neurons = gl.capture(run, "blocks.0.mlp.hook_post", pos=-1, steps=[0, 1_200, 15_000])
neurons

# %% [markdown]
# Axes have names, inputs carry their operands: select by what things are called.

# %%
post = neurons["blocks.0.mlp.hook_post"]
post.sel(step=15_000).isel(neuron=0).where(neurons["a"] == 3, drop=True).values[:5]

# %% [markdown]
# Keep a statistic instead of the activations when there are many steps: what each head attends to, on average.

# %%
attention = gl.capture(run, "blocks.0.attn.hook_pattern", pos=-1, reduce="mean", steps=[0, 1_200, 15_000])
attention["blocks.0.attn.hook_pattern"]

# %% [markdown]
# Write to disk where the result is larger than memory: `gl.capture(run, ..., into="neurons.zarr")`.

# %% [markdown]
# The same activations as pictures: four neurons over both operands, before, during and after.

# %%
gl.views.neurons(run, [121, 505, 191, 220], steps=[0, 1_200, 6_400, 15_000])

# %% [markdown]
# Which frequency explains each neuron best, and how much of it: at first none, at last nearly all of it.

# %%
gl.views.clusters(run)
