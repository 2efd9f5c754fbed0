# %% [markdown]
# # Your own model, your own loop
# Anything with `cfg`, `run_with_cache` and `state_dict` can be recorded: here a module of our own with two
# hooks, and a plain torch loop. Three lines are added to the loop.

# %%
import tempfile
from pathlib import Path
from types import SimpleNamespace

import torch
from transformer_lens.hook_points import HookPoint
from transformer_lens.HookedRootModule import HookedRootModule

import groklens as gl


class SumOfWaves(HookedRootModule):
    """Embeds both operands, adds what they say, squares, reads out."""

    def __init__(self, n: int, d_model: int, d_mlp: int) -> None:
        super().__init__()
        self.cfg = SimpleNamespace(n_layers=1, d_vocab=n + 1, d_model=d_model, d_mlp=d_mlp)
        self.W_E = torch.nn.Parameter(torch.randn(n + 1, d_model) * d_model**-0.5)
        self.W_in = torch.nn.Parameter(torch.randn(2, d_model, d_mlp) * d_model**-0.5)
        self.W_U = torch.nn.Parameter(torch.randn(d_mlp, n) * n**-0.5)
        self.blocks = torch.nn.ModuleList([torch.nn.ModuleDict({"mlp": torch.nn.Module()})])
        self.blocks[0]["mlp"].hook_pre = HookPoint()
        self.blocks[0]["mlp"].hook_post = HookPoint()
        self.setup()

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        hooks = self.blocks[0]["mlp"]
        a, b = (self.W_E[tokens[:, operand]] @ self.W_in[operand] for operand in (0, 1))
        pre = hooks.hook_pre((a + b)[:, None])
        return hooks.hook_post(pre.square()) @ self.W_U


torch.manual_seed(0)
task = gl.ModularArithmetic(31, "add")
train_index, _ = task.split(0.5, seed=0)
model = SumOfWaves(31, 64, 128)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1.0, betas=(0.9, 0.98))
inputs, labels = task.inputs[train_index], task.labels[train_index]

# %%
folder = Path(tempfile.mkdtemp()) / "mine"
with gl.Recorder(model, task, into=folder, keep=gl.Every(100), train_index=train_index) as rec:
    for step in range(1, 2_001):
        loss = torch.nn.functional.cross_entropy(model(inputs)[:, -1].double(), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rec.step(step)

# %%
why = gl.explain(rec.run)
print(why)

# %% [markdown]
# Later, in another process, give `load` a model for the weights: `gl.load(folder, model=SumOfWaves(31, 64, 128))`.

# %% [markdown]
# With which frequencies do its neurons write to the logits? Move the slider: at first with all of them, at last
# with a few.

# %%
gl.views.spectrum(why, "neuron_logit_spectrum")
