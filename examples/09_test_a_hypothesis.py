# %% [markdown]
# # Test your own hypothesis
# Say what you believe a model computes with; `examine` tries to refute it, against random draws of equal size.

# %%
from pathlib import Path

import groklens as gl

RUNS = Path(__file__).parent / "runs" if "__file__" in globals() else Path("runs")
final = gl.load(RUNS / "mod23").final
found = gl.find_circuit(final)
found

# %% [markdown]
# Leave one frequency out, and put one in that is not there: the battery says which claim fails.

# %%
hypotheses = {
    "as found": found,
    "one left out": gl.Circuit("C23", found.components[1:]),
    "one too many": gl.Circuit("C23", [*found.components, 1]),
}
examined = {name: gl.examine(final, circuit) for name, circuit in hypotheses.items()}
for name, findings in examined.items():
    print(name, hypotheses[name])
    for finding in findings:
        print("  ", finding.verdict, "–", finding.claim)

# %% [markdown]
# A model whose answer is known, for your own analyses to be tested on: a clock on two frequencies, and a
# lookup table that is right everywhere and has no circuit at all.

# %%
task = gl.ModularArithmetic(23, "add")
clock = gl.planted(task, [3, 7], "clock")
lookup = gl.planted(task, [], "lookup")
print(gl.explain(clock, task))
print(gl.explain(lookup, task))

# %% [markdown]
# Each claim beside the controls that could have refuted it, for the circuit that lacks one:

# %%
gl.views.findings(examined["one left out"])
