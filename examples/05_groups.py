# %% [markdown]
# # Other groups
# Modular addition, multiplication and the composition of permutations are one subject: a task names a group, its
# irreps are the components, and every measure is written against those.

# %%
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")
mul = gl.explain(gl.load(RUNS / "mul97"))
print(mul)

# %% [markdown]
# Multiplication of non-zero residues is addition of discrete logarithms, so its circuit is a few frequencies in
# that order, and in that order each frequency of the circuit lays the residues on a circle:

# %%
gl.views.embedding(mul)

# %% [markdown]
# A₅, the even permutations of five things, is not abelian: its components are irreps.

# %%
a5 = gl.explain(gl.load(RUNS / "a5"))
print(a5)

# %% [markdown]
# Which irreps do the logits follow? Move the slider from the first step, where they follow none, to the last.

# %%
gl.views.spectrum(a5, "logit_similarity")
