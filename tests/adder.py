"""A model that adds whatever the states of its numbers are: it reads which state is nearest, and looks the sum up."""

import re
from types import SimpleNamespace

import torch
from torch import nn
from transformer_lens.hook_points import HookPoint
from transformer_lens.HookedRootModule import HookedRootModule

import groklens as gl
from groklens.harmonics import helix_basis

#: Operands, and the numbers that a token stands for: sums too.
N, SUMS = 20, 39
PERIODS = (2.0, 5.0, 10.0, 20.0)
OPERANDS = torch.arange(N)


def whole_numbers(text):
    """A tokenizer with one token a number, `+` and `=`."""
    return [SUMS + "+=".index(piece) if piece in "+=" else int(piece) for piece in re.findall(r"\d+|.", text)]


def digits(text):
    """A tokenizer with one token a character."""
    return ["0123456789+=".index(letter) for letter in text]


class Adder(HookedRootModule):
    """Reads the numbers at positions 0 and 2 from the table of states, and answers with their sum's token."""

    def __init__(self, states, wrong=0.0):
        super().__init__()
        self.states = nn.Parameter(states.float(), requires_grad=False)
        self.hook_embed, self.wrong = HookPoint(), wrong
        self.cfg = SimpleNamespace(n_layers=1, d_model=states.shape[1])
        self.setup()

    def forward(self, tokens):
        known = torch.zeros(SUMS + 2, self.states.shape[1])
        known[: len(self.states)] = self.states
        states = self.hook_embed(known.to(self.states)[tokens])
        a, b = (self._which(states[:, pos]) for pos in (0, 2))
        logits = torch.full((*tokens.shape, SUMS + 2), -30.0)
        sums = torch.zeros(len(tokens), SUMS)
        for shift in range(N):
            sums[:, shift : shift + N] += a[:, shift, None] * b
        if self.wrong:
            sums = sums.roll(1, dims=1)
        logits[:, -1, :SUMS] = (sums + 1e-12).log()
        return logits

    def _which(self, state):
        nearest = self.states.square().sum(dim=1) - 2 * state @ self.states.T
        return torch.softmax(-20 * nearest, dim=1)


def shaped(functions, seed=0):
    """States that are these functions of the number, in directions of their own among 24, at about one length."""
    directions = torch.linalg.qr(
        torch.randn(24, functions.shape[1], generator=torch.Generator().manual_seed(seed))
    ).Q
    states = functions.float() @ directions.T
    return 2 * states / states.std(dim=0).norm()


def helix():
    return shaped(helix_basis(OPERANDS, PERIODS))


def table(seed=3):
    """States without any order."""
    return torch.randn(N, 24, generator=torch.Generator().manual_seed(seed)) / 3


def sums(**options):
    return gl.tasks.WrittenSums(whole_numbers, largest=N - 1, **options)


def adds(states, **options):
    task = sums()
    return gl.Snapshot(Adder(states, **options), task)
