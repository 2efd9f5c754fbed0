# %% [markdown]
# # Your module in five lines
# An ordinary training script: a plain torch module without a single name of TransformerLens, and a plain loop.

# %%
import tempfile
from pathlib import Path

import torch
from torch import nn

import groklens as gl


class Net(nn.Module):
    def __init__(self, tokens: int, answers: int, width: int = 64) -> None:
        super().__init__()
        self.embed = nn.Embedding(tokens, width)
        self.place = nn.Parameter(torch.zeros(3, width))
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.wide, self.narrow = nn.Linear(width, 256), nn.Linear(256, width)
        self.head = nn.Linear(width, answers, bias=False)
        nn.init.normal_(self.embed.weight, std=width**-0.5)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embed(tokens) + self.place
        x = x + self.attention(x, x, x, need_weights=False)[0]
        return self.head(x + self.narrow(torch.relu(self.wide(x))))


task = gl.ModularArithmetic(23, "add")
train, _ = task.split(0.7, seed=0)
torch.manual_seed(0)
net = Net(task.d_vocab, task.d_vocab_out)
optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=2.0, betas=(0.9, 0.98))

# %% [markdown]
# `gl.hooked` takes the module as it is and leaves it so. Logits alone show a circuit by its logits; each name buys
# more: `narrow.hook_input` is what that layer receives, the neurons; one name opens the inside of torch's attention.

# %%
names = {
    "embed": "hook_embed",
    "embed.weight": "W_E",
    "attention": "blocks.0.attn",
    "narrow.hook_input": "blocks.0.mlp.hook_post",
    "narrow.weight": "W_out",
    "head.weight": "W_U",
}
model = gl.hooked(net, names)
with gl.Recorder(model, task, Path(tempfile.mkdtemp()) / "mine", gl.Every(50), train_index=train) as recorder:
    for step in range(1, 501):
        loss = nn.functional.cross_entropy(net(task.inputs[train])[:, -1], task.labels[train])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        recorder.step(step)

# %%
why = gl.explain(recorder.run)
print(why)

# %% [markdown]
# To open the recording in another process, say again what module it is of:
# `gl.load(path, model=gl.hooked(Net(24, 23), names))`.

# %%
gl.views.attention(recorder.run, [(3, 5)])

# %%
gl.views.curves(why)
