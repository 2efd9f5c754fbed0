"""Models as users bring them: a class of their own with TransformerLens hooks, and an object that is no module."""

from types import SimpleNamespace

import torch
from torch import nn
from transformer_lens.hook_points import HookPoint
from transformer_lens.HookedRootModule import HookedRootModule


class MyModel(HookedRootModule):
    """Embed two operands, add, one hidden layer with dropout: nothing that groklens knows."""

    def __init__(self, n: int = 5, width: int = 16):
        super().__init__()
        self.cfg = SimpleNamespace(n_layers=1, d_model=width, d_mlp=width, n_ctx=3)
        self.embedding = nn.Embedding(n + 1, width)
        self.hidden = nn.Linear(width, width)
        self.dropout = nn.Dropout(0.5)
        self.readout = nn.Linear(width, n)
        self.hook_sum = HookPoint()
        self.hook_hidden = HookPoint()
        self.setup()

    def forward(self, tokens):
        total = self.hook_sum(self.embedding(tokens[:, :2]).sum(dim=1))
        return self.readout(self.dropout(self.hook_hidden(torch.relu(self.hidden(total)))))


class Lookup:
    """A table of logits with the four attributes asked for, and not a torch module."""

    def __init__(self, n: int = 5):
        self.cfg = SimpleNamespace(n=n)
        self.table = torch.zeros(n, n, n)

    def run_with_cache(self, tokens, names_filter=None):
        return self.table[tokens[:, 0], tokens[:, 1]], {}

    def state_dict(self):
        return {"table": self.table}

    def load_state_dict(self, state):
        self.table = state["table"].clone()
