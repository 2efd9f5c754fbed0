"""A second device that every machine has: its tensors are the processor's, and refuse to meet those as a card's would.

It is called `cuda:0`, has numbers, and goes through autograd. What it cannot show is what only a card has: streams,
graphs, another order of sums.
"""

import contextlib
from types import SimpleNamespace

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

DEVICE = torch.device("cuda:0")
#: What takes tensors of both devices: copies, and indices of whole numbers.
_CROSSING = {"copy_", "_to_copy", "index", "index_put_", "index_put", "_index_put_impl_"}


class Far(torch.Tensor):
    """A tensor there; torch itself is told that it is on `meta`, for which it needs no driver."""

    @staticmethod
    def __new__(cls, near):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            near.shape,
            strides=near.stride(),
            storage_offset=near.storage_offset(),
            dtype=near.dtype,
            layout=near.layout,
            device="meta",
        )

    def __init__(self, near):
        self.near = near

    device = property(lambda self: DEVICE)
    is_cuda = property(lambda self: True)
    is_meta = property(lambda self: False)

    def __getitem__(self, key):
        """Lists become tensors here: torch would make them on the device that it believes this is."""
        keys = key if isinstance(key, tuple) else (key,)
        return super().__getitem__(tuple(torch.tensor(k) if isinstance(k, list) else k for k in keys))

    def numpy(self):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def tolist(self):
        return self.near.tolist()

    def __repr__(self):
        return f"Far({self.near})"

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})


class _OtherDevice(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})


def _run(function, args, kwargs):
    given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
    far = [each for each in given if isinstance(each, Far)]
    name = function.__name__.split(".")[0]
    if far and name not in _CROSSING and any(not isinstance(each, Far) and each.ndim for each in given):
        raise RuntimeError(f"Expected all tensors to be on the same device: {function}")
    asked = kwargs.get("device")
    own = {name: value.near if isinstance(value, Far) else value for name, value in kwargs.items()}
    if asked is not None:
        own["device"] = torch.device("cpu")
    found = function(*tree_map_only(Far, lambda each: each.near, args), **own)
    if not function._schema.returns:
        return None
    if name.endswith("_") and not name.endswith("__"):
        return args[0]
    for out in ("out", "grad_input"):
        if out in kwargs:
            return kwargs[out]
    there = bool(far) if asked is None else torch.device(asked).type in (DEVICE.type, "meta")
    known = {id(each.near): each for each in far}
    return (
        tree_map_only(torch.Tensor, lambda each: known.get(id(each)) or Far(each), found) if there else found
    )


@contextlib.contextmanager
def other_device(monkeypatch):
    """Context in which torch has it, and gives its name."""
    monkeypatch.setattr(torch.cuda, "_lazy_init", lambda: None)
    monkeypatch.setattr(torch.cuda, "default_generators", (torch.Generator(),))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "a card that is none")
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=8 * 2**30)
    )
    with _OtherDevice():
        yield str(DEVICE)
