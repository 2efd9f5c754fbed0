# %% [markdown]
# # The stages of a language
# A transformer of two layers of attention learned to predict the next character of Python's own sources. What did it
# know when? At every step it is compared with references that know less than it may come to know: the frequencies of
# characters, and what follows the last one, two, three or four characters in the text that it was trained on.

# %%
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")
shipped = gl.load(RUNS / "language")
text = gl.tasks.StandardLibrary(length=64)
print(f"trained on Python {shipped.task.python}; here is {text.python}: {shipped.task.sha256 == text.sha256}")

# %% [markdown]
# A text is known by its digest, and yours may be another version's. The models are looked at on the sources that are
# here: of modules that nothing was trained on.

# %%
run = gl.Run.of({step: shipped.at(step).model for step in shipped.steps[::2]}, text, name="language")
table = gl.measures.stages(run, progress=False)
for step, stage in zip(run.steps, table["stage"].values, strict=True):
    print(f"step {step:5,}: nearest to {stage}")

# %% [markdown]
# Does it also *say* what its stage says? Below it goes on by itself from a first character; then the divergence of what
# it samples from each reference, in nats a character: KL(model‖reference), and a stage is judged by the other
# direction, KL(reference‖model), so that numbers of the two are not to be compared.

# %%
chosen = [50, 300, 2_000]
for step in chosen:
    said = gl.theory.sample(gl.measures.predictor_of(run.at(step)), text.inputs[:1, :1], length=64)
    print(f"step {step:5,}: {''.join(text.token_names[token] for token in said[0])}")
said = gl.measures.sampled_stages(run, steps=chosen, sequences=12, progress=False)
print(said["kl"].mean("example").round(2).to_pandas())

# %% [markdown]
# Each reference is approached and left again: the lowest line names the stage, and the model is at a stage only where
# that line comes near the floor. Below, its loss beside theirs.

# %%
gl.views.stages(table)
