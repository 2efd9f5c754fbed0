# %% [markdown]
# # Attention over time
# The answer is read off after the `=`, so what reaches it goes through the heads. What they look at changes
# while the circuit forms.

# %%
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")
run = gl.load(RUNS / "mod113")

# %% [markdown]
# In numbers, averaged over all inputs: how much of each head's attention goes to the first operand. Heads prefer one
# of the operands while the inputs are learned by heart; after cleanup they attend to both alike.

# %%
STEPS = [0, 200, 1_800, 4_800, 8_000, 15_000]
pattern = gl.capture(run, "blocks.0.attn.hook_pattern", pos=-1, reduce="mean", steps=STEPS)
pattern["blocks.0.attn.hook_pattern"].isel(key=0).to_pandas().round(2)

# %% [markdown]
# And in pictures: choose an input, move the slider.

# %%
gl.views.attention(run, [(3, 5), (50, 100)], steps=STEPS)
