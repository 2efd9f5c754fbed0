# %% [markdown]
# # Markov chains in context
# Every sequence has its own Markov chain, so the next token is told by the sequence alone. A two-layer transformer of
# 2,144 trained weights learns this by stages: first nothing, then how often each token came (unigrams), then what
# follows what (bigrams).

# %%
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")
run = gl.load(RUNS / "markov")
print(gl.explain(run))

# %% [markdown]
# At every step the lowest curve names the stage. Below, the loss lies on a dashed line while the model knows what that
# reference knows and no more: the plateau at the unigram level is no reason to stop training.

# %%
table = gl.measures.stages(run)
gl.views.stages(table)

# %% [markdown]
# The references are exact predictors, values like any other. Of the two kinds of knowledge that a Bayes predictor of
# these chains could use, how far is each from the model, position by position? The longer the sequence, the more there
# is to count.

# %%
last = table.isel(step=-1)
for name in ("unigram", "bigram"):
    by_position = last["kl"].sel(reference=name)
    early, late = (float(by_position.sel(pos=slice(*ends)).mean()) for ends in ((1, 10), (40, 49)))
    print(f"KL from the {name} predictor: {early:.3f} nats early, {late:.3f} late in the sequence")

# %% [markdown]
# What does it compute with? Held at its mean, the first head no longer says which token came before, and the model is
# at the unigram level again; without the second it knows nothing.

# %%
for heads in ([(0, 0)], [(1, 0)]):
    without = gl.interventions.remove(run.final, gl.hypotheses.Heads(heads), at="heads")
    cut = gl.measures.stages(without).isel(step=0)
    print(f"without head {heads[0]}: nearest to {cut['stage'].item()}, loss {cut['loss'].item():.3f} nats")

# %% [markdown]
# And what changed where the plateau ends: the head of the first layer comes to look one token back, and that of the
# second at what followed the present token before. Together they are an induction circuit.

# %%
gl.views.heads(run)
