# %% [markdown]
# # Watch it grok
# A recipe says everything that decides a run; training it again gives the same bits. This one memorises within
# a hundred updates and generalises some hundreds later, in seconds.

# %%
import tempfile
from pathlib import Path

import groklens as gl

recipe = gl.Recipe(
    task=gl.ModularArithmetic(23, "add"),
    train_fraction=0.6,
    model=gl.MLP(d_mlp=128, d_embed=None, combine="concat", act_fn="quadratic", bias=False),
    optimizer=gl.AdamW(lr=5e-3, weight_decay=1.0),
    steps=1_000,
    evaluate_every=25,
    seed=0,
    keep=gl.LogSpaced(24),
)
recipe.id

# %%
folder = Path(tempfile.mkdtemp()) / "mod23"
run = gl.train(recipe, into=folder)
run.history.dropna("step").to_dataframe().tail()

# %% [markdown]
# Kill it and call again: it resumes. Call it when it is done: it returns the run.

# %%
assert gl.train(recipe, into=folder).steps == run.steps

# %%
why = gl.explain(run)
print(why)

# %% [markdown]
# Held-out accuracy rises long after the training inputs are known. Shaded: the phases.

# %%
gl.views.curves(why, ["train_loss", "test_loss", "train_accuracy", "test_accuracy"])
