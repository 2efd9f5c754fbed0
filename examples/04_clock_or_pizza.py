# %% [markdown]
# # Clock or pizza?
# Two circuits add modulo n. A *clock* multiplies the waves of both operands, so that its logits depend on a+b
# alone; a *pizza* adds them first, and is unsure where a−b says so (Zhong et al. 2023). Here both are planted,
# so the answer is known, and the shipped run is asked the same.

# %%
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")
task = gl.ModularArithmetic(31, "add")
models = {kind: gl.planted(task, [3, 7, 11], kind) for kind in ("clock", "pizza")}
explained = {kind: gl.explain(model, task) for kind, model in models.items()}
explained["mod113"] = gl.explain(gl.load(RUNS / "mod113").final)

# %% [markdown]
# Two discriminators have to agree. Gradient symmetricity is near 1 for a pizza, whose logits treat both operands
# alike; distance irrelevance is near 1 for a clock, the correct logit of which does not depend on a−b.

# %%
for name, why in explained.items():
    print(name, "→", why.algorithm)
    for key in ("algorithm.symmetricity", "algorithm.irrelevance"):
        print("   ", why.finding(key))

# %% [markdown]
# It can be seen. By sum and difference, the correct logit in a clock is the same in all rows; the dark
# rows of a pizza are the differences at which it is unsure.

# %%
gl.views.logits(explained["clock"], by="sum and difference")

# %%
gl.views.logits(explained["pizza"], by="sum and difference")
