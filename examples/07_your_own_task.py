# %% [markdown]
# # Your own task
# A task is inputs, labels and, if you know one, a group. Here a pointer moves around a clock of 12 hours,
# written as a table; naming its group lets every Fourier analysis apply.

# %%
import tempfile
from pathlib import Path

import groklens as gl

hours = 12
inputs = [[now, later] for now in range(hours) for later in range(hours)]
labels = [(now + later) % hours for now, later in inputs]
task = gl.TableTask(inputs, labels, group="C12", name="hours on a clock")
task.follows_group

# %%
recipe = gl.Recipe(
    task=task,
    train_fraction=0.75,
    model=gl.MLP(d_mlp=64, d_embed=None, combine="concat", act_fn="quadratic", bias=False),
    optimizer=gl.AdamW(lr=5e-3, weight_decay=1.0),
    steps=1_500,
    evaluate_every=50,
    keep=gl.LogSpaced(20),
)
run = gl.train(recipe, into=Path(tempfile.mkdtemp()) / "clock")
why = gl.explain(run)
print(why)

# %% [markdown]
# The control: the same inputs with labels that follow no group. The same recipe can only memorise them.

# %%
import random

shuffled = labels.copy()
random.Random(0).shuffle(shuffled)
null = gl.Recipe(
    task=gl.TableTask(inputs, shuffled, group="C12", name="shuffled hours"),
    train_fraction=0.75,
    model=recipe.model,
    optimizer=recipe.optimizer,
    steps=1_500,
    evaluate_every=50,
    keep=gl.LogSpaced(20),
)
control = gl.explain(gl.train(null, into=Path(tempfile.mkdtemp()) / "shuffled"))
print(control.algorithm, control.circuit)

# %%
gl.views.compare({"hours": why, "shuffled": control}, ["train_accuracy", "test_accuracy", "logit_similarity"])
