"""Findings at neurons say which layer's they are of a model with several MLPs, and nothing where there is one."""

from torch import nn

import groklens as gl

TASK = gl.ModularArithmetic(13)
AT_NEURONS = {"neurons.show", "sufficiency.neurons", "necessity.neurons", "clusters.carry"}


class Deeper(nn.Module):
    """A planted clock behind a layer of neurons that nothing reads."""

    def __init__(self):
        super().__init__()
        self.first, self.clock = nn.ReLU(), gl.planted(TASK, [2, 5])

    def forward(self, tokens):
        self.first(tokens[:, -1, None].expand(-1, 4).float())
        return self.clock(tokens)


def explained():
    names = {"first": "blocks.0.mlp.hook_post", "clock.blocks.0.mlp.hook_post": "blocks.1.mlp.hook_post"}
    return gl.explain(gl.hooked(Deeper(), names=names), TASK)


def test_findings_at_neurons_say_which_layers_they_are():
    found = explained().findings
    said = {each.key for each in found if each.note.endswith("neurons of layer 1, the last of layers 0 to 1")}
    assert said == AT_NEURONS & {each.key for each in found} != set()


def test_where_one_layer_has_neurons_nothing_is_said():
    found = gl.explain(gl.planted(TASK, [2, 5]), TASK).findings
    assert {each.key for each in found} >= AT_NEURONS
    assert not any("of layer" in each.note for each in found)
