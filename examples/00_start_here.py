# %% [markdown]
# # Start here
# groklens explains when, how and why a network came to generalise. This page runs anywhere a notebook does: on Colab,
# in JupyterLab, in VS Code. The first cell brings the library where it is missing. A torch that is there already stays
# as it is, to the version; where groklens is there, nothing happens.

# %%
import importlib.util
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

GROKLENS = "groklens"  # or the path of a wheel, or of a checkout

if importlib.util.find_spec("groklens") is None:
    kept = Path(tempfile.mkdtemp()) / "kept.txt"
    kept.write_text(f"torch=={version('torch')}\n" if importlib.util.find_spec("torch") else "")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", str(kept), GROKLENS]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    importlib.invalidate_caches()  # or this Python would not see what came while it ran

# %% [markdown]
# A small transformer learned a+b mod 23. It comes with the library, and with the weights of many steps on the way.

# %%
import groklens as gl

run = gl.examples.load("mod23")
run

# %% [markdown]
# When did it generalise, with what, and how do we know? Every claim comes with its number and with controls that could
# have refuted it.

# %%
why = gl.explain(run)
why

# %% [markdown]
# The residues lie on circles, one for each frequency of the circuit. Move the slider to see when they
# come into order.

# %%
gl.views.embedding(why)

# %% [markdown]
# Losses and accuracies over the steps, the phases shaded. Where to go from here: `01_explain_a_run` asks more of a run,
# `10_your_module_in_five_lines` takes a network of your own.

# %%
gl.views.curves(why, ["train_loss", "test_loss", "excluded_loss", "train_accuracy", "test_accuracy"])
