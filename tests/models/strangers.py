"""Models as strangers write them: real ones, and objects whose copies are none."""

import functools
import types
from types import SimpleNamespace

import torch
from torch import nn
from transformer_lens.HookedRootModule import HookedRootModule


def small_net(n=11):
    return nn.Sequential(nn.Embedding(n + 1, 8), nn.Flatten(), nn.Linear(24, 16), nn.ReLU(), nn.Linear(16, n))


class Wrapped(HookedRootModule):
    """A net inside a hooked module: hooks and weights go by longer names."""

    def __init__(self, net=None):
        super().__init__()
        self.cfg = SimpleNamespace()
        self.net = small_net() if net is None else net
        self.setup()

    def forward(self, tokens):
        return self.net(tokens)


class Giving(HookedRootModule):
    """Gives `shape` of correct logits: input × pos × class in, anything out."""

    def __init__(self, shape, n=13):
        super().__init__()
        self.cfg = SimpleNamespace()
        self.shape, self.n = shape, n
        self.scale = nn.Parameter(torch.tensor(20.0))
        self.setup()

    def forward(self, tokens):
        answer = (tokens[:, 0] + tokens[:, 1]) % self.n
        logits = nn.functional.one_hot(answer, self.n)[:, None] * self.scale
        return self.shape(logits.expand(-1, tokens.shape[1], -1))


class Listed(Wrapped):
    """A layer in a plain list, of which state_dict knows nothing."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(11, 11)]

    def forward(self, tokens):
        return self.layers[0](self.net(tokens))


class OfAGlobal(Wrapped):
    """A layer that stands beside the class."""

    def forward(self, tokens):
        return _BESIDE(self.net(tokens))


class SharesItsNet(Wrapped):
    """Its own way of copying keeps the net."""

    def __deepcopy__(self, memo):
        return SharesItsNet(self.net)


class FailsToLoad(SharesItsNet):
    """Writes into the shared net, and then fails."""

    def __deepcopy__(self, memo):
        return FailsToLoad(self.net)

    def load_state_dict(self, state):
        super().load_state_dict(state)
        raise RuntimeError("no\nroom")


_BESIDE = nn.Linear(11, 11)


def patched_by_a_closure():
    model = Wrapped()
    own = model.forward
    model.forward = lambda tokens: own(tokens)
    return model


def half_a_closure():
    model, inner = Wrapped(), small_net()
    model.forward = types.MethodType(lambda self, tokens: self.net(tokens) + inner(tokens), model)
    return model


def of_closures():
    net = small_net()
    return SimpleNamespace(
        cfg=SimpleNamespace(),
        state_dict=net.state_dict,
        load_state_dict=net.load_state_dict,
        run_with_cache=lambda tokens, **options: (net(tokens), {}),
    )


def of_lambdas():
    net = small_net()
    return SimpleNamespace(
        cfg=SimpleNamespace(),
        state_dict=lambda: net.state_dict(),
        load_state_dict=lambda state: net.load_state_dict(state),
        run_with_cache=lambda tokens, **options: (net(tokens), {}),
    )


def patched_by_a_method():
    model = Wrapped()
    model.forward = types.MethodType(lambda self, tokens: 2 * self.net(tokens), model)
    return model


def patched_by_a_partial():
    model = Wrapped()
    model.forward = functools.partial(Wrapped.forward, model)
    return model


class Table:
    """No torch module: one tensor, replaced whole when a state is loaded."""

    def __init__(self, n=11):
        self.cfg = SimpleNamespace()
        self.table = torch.zeros(n, n, n)

    def run_with_cache(self, tokens, names_filter=None):
        return self.table[tokens[:, 0], tokens[:, 1]], {}

    def state_dict(self):
        return {"table": self.table.clone()}

    def load_state_dict(self, state):
        self.table = state["table"].clone()
