"""What TransformerLens looks at for hooks in a module, without what cannot be one: a third of a bridge's time.

A bridge asks every attribute that `dir` names of every module whether it is a hook, twice: hundreds of methods each,
and the tests build thousands of bridges. Methods of a class are none, nor are a module's parameters and buffers.
"""

import functools
import sys
import types

from torch import nn

_METHODS = (types.FunctionType, classmethod, staticmethod)


def install() -> None:
    """Let bridges look at no methods from now on, if TransformerLens has been imported."""
    bridges = sys.modules.get("transformer_lens.model_bridge.transformer_bridge")
    if bridges is not None:
        bridges.dir = names_of_hooks  # type: ignore[attr-defined]


def names_of_hooks(module: nn.Module) -> list[str]:
    """The names that `dir` gives of a module, in its order, but for those of methods, parameters and buffers."""
    if type(module).__dir__ is not nn.Module.__dir__:
        return dir(module)
    names = {*_of_class(type(module)), *vars(module), *module._modules}
    return sorted(name for name in names if not name[0].isdigit())


@functools.cache
def _of_class(kind: type) -> tuple[str, ...]:
    found = {name: value for base in reversed(kind.__mro__) for name, value in vars(base).items()}
    return tuple(name for name, value in found.items() if not isinstance(value, _METHODS))
