# %% [markdown]
# # Hidden progress
# Why does a capability appear when it does? A network that learns which 3 of 30 bits matter sits at chance for most of
# its training, and then knows. The shipped run has it; what was going on before?

# %%
import tempfile
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")
run = gl.load(RUNS / "parity")
names = ["test_accuracy", "test_loss", "brier_score", "largest_move", "fourier_gap"]
table = gl.track(run, names)
gl.views.curves(table, ["test_accuracy", "largest_move", "fourier_gap"], log_steps=False)

# %% [markdown]
# The largest move of a weight sees no answer, and has left its level before the accuracy is 0.6; the Fourier gap needs
# to be told the hidden bits, so no forecast may use it. Was the jump in accuracy the model's own? The audit asks every
# continuous metric.

# %%
print(gl.measures.audit_emergence(table, n_test=len(run.task.labels)))

# %% [markdown]
# Now many skills, asked for by a power law, of which each is a parity of its own. The accuracy over all is smooth.

# %%
recipe = gl.Recipe(
    task=gl.tasks.MultitaskParity(skills=6, n=8, k=2),
    model=gl.MLP(d_mlp=128, d_embed=None),
    optimizer=gl.AdamW(lr=5e-3, weight_decay=0.0),
    batch_size=256,
    steps=500,
    evaluate_every=None,
    keep=gl.Every(25),
)
many = gl.track(
    gl.train(recipe, into=Path(tempfile.mkdtemp()) / "skills"),
    [*gl.measures.SKILLS, "all_accuracy", "loss", "brier_score", gl.measures.ExactMatch()],
)

# %% [markdown]
# An examiner who asks 100 questions and wants all answers correct sees nothing for long, and then a jump: p to the
# power of 100, of a p that rises evenly. The same audit says that this jump is the metric's.

# %%
many["exact_match"] = (many["all_accuracy"] ** 100).assign_attrs(
    long_name="exams of 100 passed", units="accuracy"
)
print(gl.measures.audit_emergence(many, n_test=1000))

# %%
gl.views.skills(many, whole="exact_match", log_steps=False)
