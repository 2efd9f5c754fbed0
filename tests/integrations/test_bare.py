"""The user's module out of what a trainer puts around it, and callbacks as those of the trainer's library."""

import pickle
from types import SimpleNamespace

import pytest
from torch import nn

import groklens as gl
from groklens.errors import BadArgument
from groklens.integrations.bare import bare
from groklens.integrations.hugging_face import RecorderCallback
from groklens.integrations.library import of_library


def compiled(module):
    """What `torch.compile` gives, which takes seconds to import what it compiles with."""
    return SimpleNamespace(_orig_mod=module)


@pytest.mark.parametrize("around", [lambda module: module, nn.DataParallel, compiled])
def test_a_module_comes_out_of_what_is_around_it(around):
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    assert bare(around(net)) is net
    assert bare(around(net), "1") is net[1]


def test_weights_that_are_elsewhere_are_refused():
    class FullyShardedDataParallel(nn.Module):
        pass

    sharded, staged = nn.Sequential(FullyShardedDataParallel()), nn.Linear(2, 2)
    staged.weight.ds_id = 0
    for module in (sharded, staged):
        with pytest.raises(BadArgument, match=r"spread over processes.*gl\.load"):
            bare(module)


def test_a_path_that_is_not_there_is_refused():
    with pytest.raises(BadArgument, match=r"within is '2', and the Sequential has no such submodule; .*0"):
        bare(nn.Sequential(nn.Linear(2, 3)), "2")


def test_what_is_no_module_is_refused():
    with pytest.raises(BadArgument, match="groklens records torch modules"):
        bare("model")


def test_a_library_that_is_not_there_is_named():
    with pytest.raises(BadArgument, match="for no_such_library, which is not installed"):
        of_library(object, "Callback", ("no_such_library.inside",))


def test_a_callback_goes_to_another_process(tmp_path):
    callback = RecorderCallback(gl.ModularArithmetic(5), tmp_path / "run", measures="train_loss")
    again = pickle.loads(pickle.dumps(callback))
    assert type(again) is type(callback)
    assert isinstance(again, RecorderCallback)
