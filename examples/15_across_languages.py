# %% [markdown]
# # Across languages
# Two languages have words for the numbers mod 23. Counting is taught in both, a dictionary translates every word, and
# sums are taught in A alone. Are they known in B? Two shipped runs differ in one thing: in one of them half of the
# possible mixed sentences are taught too, `A3 + B5`, answered in A as all sums are. No sum of two words of B is taught.

# %%
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")
mixed, apart = gl.load(RUNS / "two-languages"), gl.load(RUNS / "two-languages-apart")
task = mixed.task
for row in task.rows("sum", "BB")[:3].tolist():
    print(*(task.token_names[token] for token in task.inputs[row]), "→", task.token_names[task.labels[row]])

# %% [markdown]
# A number may be right in either language: that is the concept. Beside it, the control: the same judged by dictionaries
# that pair words at random. And how many words lie nearest to their translation.

# %%
of_b = [gl.measures.ConceptAccuracy(), gl.measures.ConceptAccuracy(shuffled=True)]
words = [gl.measures.WordTranslation(), gl.measures.WordTranslation(shuffled=True)]
for name, run in {"mixed": mixed, "apart": apart}.items():
    print(name)
    print(gl.frame(gl.track(run, [*of_b, *words])).round(2).to_string(), "\n")

# %% [markdown]
# The number is one thing, and the language it is said in another. Sums were only ever answered in A, and so are those
# of B. The logit lens reads the stream before the MLP: how likely are words of B there, and at the end?

# %%
for answer in "AB":
    print(
        answer,
        f"{gl.measures.LanguageAccuracy(answer=answer)(mixed):.2f} of the sums in B are answered in it",
    )
before = gl.interventions.logit_lens(mixed, "blocks.0.hook_resid_mid")
print(
    f"words of B: {gl.measures.LanguageShare()(before):.3f} before, {gl.measures.LanguageShare()(mixed):.3f} after"
)

# %% [markdown]
# Where does it fail without mixed sentences? Put what the MLP says of a sum in A into a sentence of B with another sum:
# if that is answered, what comes after the sum works, and it is the way there that is missing. The three numbers say
# how often the answer is the sum put in, the sentence's own, and a third, from which nothing was taken: by chance.

# %%
for name, run in {"mixed": mixed, "apart": apart}.items():
    into_b = gl.interventions.patched_sums(run, "blocks.0.hook_mlp_out")
    into_a = gl.interventions.patched_sums(run, "blocks.0.hook_mlp_out", given="BB", taken="AA")
    print(f"{name}: A into B {into_b['share'].values.round(2)}, B into A {into_a['share'].values.round(2)}")

# %%
gl.views.curves({"mixed": mixed, "apart": apart}, [of_b[0], words[0]])
