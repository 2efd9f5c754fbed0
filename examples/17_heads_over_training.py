# %% [markdown]
# # What heads come to do
# Two shipped runs of two layers of attention: one has to learn each sequence's own Markov chain, the other predicts
# Python's sources character by character. Which heads do induction, that is, attend to what followed the present token
# before, and is that more than chance gives?

# %%
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")
markov, language = gl.load(RUNS / "markov"), gl.load(RUNS / "language")
text = gl.tasks.StandardLibrary(length=64)
language = gl.Run.of({step: language.at(step).model for step in language.steps[::2]}, text, name="language")

# %% [markdown]
# Sequences of random tokens, none of which comes twice, are said twice. Beside each head's score is the highest that
# heads with random queries give, and the head itself where the repetition is shuffled: above that, it does induction.

# %%
for run in (markov, language):
    found = gl.measures.induction_heads(run.final)
    print(found[["score", "null", "above"]].to_dataframe().round(3), "\n")

# %% [markdown]
# A head that does induction should also copy: what it writes of a token speaks for that token. And a head of an earlier
# layer has to say which token came before. Where a model uses its context, the loss late in a sequence is below the
# loss early; attention to the first token is told apart, for heads may rest there.

# %%
measures = ["previous_token", "induction", "first_token", gl.measures.Copying(), gl.measures.InContextScore()]
table = gl.track(markov, measures, progress=False)
print(table.isel(step=[0, -1]).to_dataframe().round(2))

# %% [markdown]
# The same calls take a language model of somebody else's over its training: `gl.load("EleutherAI/pythia-70m",
# revisions=["step1000", "step143000"], task=gl.tasks.NextTokens.of_text(text, tokenizer))`. Below, the run that has to
# learn from its context: both halves of the circuit rise together. Both heads copied before, which counts how often
# each token came; then the first no longer does, for what it says is which token came before.

# %%
gl.views.heads(table, ["previous_token", "induction", "copying"])
