"""Running a model up to the last hook that is asked for, against running it to its end."""

import pytest
import torch

from groklens.models import Transformer
from groklens.models.fast_pass import passing
from groklens.models.fast_pass.folded import unwrap
from groklens.tasks import ModularArithmetic

TASK = ModularArithmetic(7, "add")
VARIANTS = {"two layers": {}, "norms": {"normalization": "LN"}, "attention alone": {"d_mlp": None}}


def build(**fields):
    return Transformer(
        **{"n_layers": 2, "d_model": 16, "n_heads": 2, "d_head": 8, "d_mlp": 24, **fields}
    ).build(TASK, seed=0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_hook_gives_what_run_with_cache_gives(variant):
    model = build(**VARIANTS[variant])
    with torch.no_grad():
        cache = model.run_with_cache(TASK.inputs)[1]
        found = {name: passing(model, TASK.inputs, [name]) for name in cache.keys()}  # noqa: SIM118 (not a dict)
    for name, values in found.items():
        assert list(values) == [name]
        assert torch.equal(values[name], cache[name]), name


def test_what_comes_after_the_last_hook_is_not_computed():
    model, ran = build(), []
    for block in model.original_model.layers:
        own = unwrap(unwrap(block).mlp)
        own.act = lambda value: ran.append(1) or value.relu()
    passing(model, TASK.inputs, ["blocks.0.attn.hook_pattern"])
    assert not ran
    passing(model, TASK.inputs, ["blocks.1.attn.hook_pattern"])
    assert len(ran) == 1


def test_no_hook_stays_and_a_hook_of_the_users_sees_the_model_run_to_its_end():
    model = build()
    passing(model, TASK.inputs, ["blocks.0.attn.hook_pattern", "blocks.1.attn.hook_pattern"])
    assert not any(hook.fwd_hooks for hook in model.hook_dict.values())
    seen = []
    with model.hooks(fwd_hooks=[("blocks.1.hook_resid_post", lambda value, hook: seen.append(1))]):
        found = passing(model, TASK.inputs, ["blocks.0.attn.hook_pattern"])
    assert seen
    assert list(found) == ["blocks.0.attn.hook_pattern"]
