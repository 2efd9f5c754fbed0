# %% [markdown]
# # The simplest pattern that fits
# A network fits its train inputs in one of very many ways. Which one is likely before any training, and which does it
# come to first? Both times: a simple one, by a measure that could have said otherwise.

# %%
from collections import Counter
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")

# %% [markdown]
# Random networks first: each computes some function of seven bits, 128 outputs. Lempel–Ziv complexity counts the bits
# of a description. The control has the same outputs in another order, as a function that is nearly always off is simple
# for that alone. With large weights, in the chaotic phase of tanh, little of the bias is left.

# %%
import numpy as np

shuffle = np.random.default_rng(0).permuted
for scale in (1.0, 2.0, 8.0):
    functions = gl.theory.random_functions(500, sigma_w=scale, act_fn="tanh", seed=0).numpy()
    bits, shuffled = (
        np.mean([gl.theory.lempel_ziv(each) for each in some])
        for some in (functions, shuffle(functions, axis=1))
    )
    commonest = Counter(map(bytes, functions)).most_common(1)[0][1]
    print(
        f"σ_w {scale:g}: {bits:.0f} bits, shuffled {shuffled:.0f}; the commonest function comes {commonest} times"
    )

# %% [markdown]
# Then training. Of what a network knows of a digit, how much is what a linear classifier of the pixels knows too? The
# network says I(F;Y) bits of the label; μ of them the classifier explains, I(F;Y|L) are beyond it, and I(L;Y|F) are
# what the classifier knows and the network does not.

# %%
run = gl.load(RUNS / "digits")
linear = gl.measures.explained_by(run, gl.measures.LinearPredictor())
linear[["model", "explained", "beyond", "missed"]].to_dataframe().round(3)

# %% [markdown]
# The null: with labels shuffled among images of which the classifier says the same, this much would be beyond it.

# %%
last = linear.isel(step=-1)
print(f"beyond: {float(last.beyond):.3f} bits; labels shuffled: at most {float(last.beyond_null_most):.3f}")

# %% [markdown]
# Not everything simple comes first. A tree of three questions about single pixels is simple too, in a way in which a
# network of sums is not: less of what it first knows is what the tree says.

# %%
tree = gl.measures.explained_by(run, gl.measures.ShallowTree(depth=3))
for name, table in {"linear": linear, "tree": tree}.items():
    half = table["step"].values[table["model"].values >= table["simple"].values[0] / 2][0]
    share = float((table["explained"] / table["model"]).sel(step=half))
    print(
        f"{name}: knows {float(table.simple[0]):.2f} bits; half of that at step {half}, {share:.0%} of it explained"
    )

# %% [markdown]
# What the linear classifier says comes first and is kept; the rest comes later. The same in numbers with five seeds, on
# Markov chains and sums as well, is the study `analyses/simplicity`.

# %%
gl.views.sweep(linear.sel(step=slice(1, None)), ["model", "explained", "beyond", "missed"])
