"""What the axes of an activation are called."""

import pytest

from groklens.snapshots.axes import axis_names, position_axis, reduced_names


@pytest.mark.parametrize(
    ("hook", "axes"),
    [
        ("hook_embed", "input pos d_model"),
        ("hook_pos_embed", "input pos d_model"),
        ("blocks.0.hook_resid_pre", "input pos d_model"),
        ("blocks.11.hook_resid_mid", "input pos d_model"),
        ("blocks.0.hook_attn_out", "input pos d_model"),
        ("blocks.0.hook_mlp_out", "input pos d_model"),
        ("blocks.0.attn.hook_q", "input pos head d_head"),
        ("blocks.0.attn.hook_z", "input pos head d_head"),
        ("blocks.0.attn.v.hook_out", "input pos head d_head"),
        ("blocks.0.attn.o.hook_in", "input pos head d_head"),
        ("blocks.0.attn.hook_pattern", "input head query key"),
        ("blocks.0.attn.hook_attn_scores", "input head query key"),
        ("blocks.0.attn.hook_result", "input pos head d_model"),
        ("blocks.0.mlp.hook_pre", "input pos neuron"),
        ("blocks.0.mlp.hook_post", "input pos neuron"),
        ("blocks.0.mlp.in.hook_out", "input pos neuron"),
        ("blocks.0.mlp.out.hook_in", "input pos neuron"),
        ("blocks.0.mlp.out.hook_out", "input pos d_model"),
        ("unembed.hook_out", "input pos answer"),
        ("embed.hook_in", "input pos"),
        ("my.hook_thing", "input pos axis_2"),
    ],
)
def test_hooks_of_transformer_lens(hook, axes):
    assert axis_names(hook, len(axes.split())) == tuple(axes.split())


def test_axes_other_than_usual_get_generic_names():
    assert axis_names("blocks.0.mlp.hook_post", 2) == ("input", "axis_1")
    assert axis_names("hook_anything", 1) == ("input",)
    assert axis_names("hook_anything", 5) == ("input", "pos", "axis_2", "axis_3", "axis_4")


def test_where_the_position_is():
    assert position_axis(axis_names("blocks.0.attn.hook_pattern", 4)) == 2
    assert position_axis(axis_names("blocks.0.attn.hook_z", 4)) == 1
    assert position_axis(("input", "axis_1")) is None


@pytest.mark.parametrize(
    ("reduced", "names"),
    [
        ((3, 8), ("pos", "neuron")),
        ((49, 3, 8), ("input", "pos", "neuron")),
        ((5, 3, 8), ("statistic_0", "pos", "neuron")),
        ((8,), ("neuron",)),
        ((), ()),
        ((4, 2), ("statistic_0", "statistic_1")),
        ((2, 2, 49, 3, 8), ("statistic_0", "statistic_1", "input", "pos", "neuron")),
    ],
)
def test_a_statistic_keeps_the_names_of_what_it_leaves(reduced, names):
    assert reduced_names(("input", "pos", "neuron"), (49, 3, 8), reduced) == names
