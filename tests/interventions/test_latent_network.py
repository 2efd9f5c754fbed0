"""The network of pure waves: the model itself where that is what it is, and nothing where there is no algorithm."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.hypotheses import rebuilt, rebuilt_logits
from groklens.hypotheses.latent import extract
from groklens.interventions import rebuild
from groklens.measures import RebuiltAccuracy

RUNS = Path(__file__).parents[2] / "examples" / "runs"
ADD = gl.ModularArithmetic(13, "add")
CASES = {
    "clock": (ADD, [2, 5], "clock"),
    "pizza": (ADD, [2, 5], "pizza"),
    "subtraction": (gl.ModularArithmetic(13, "sub"), [2, 5], "clock"),
    "subtracting pizza": (gl.ModularArithmetic(13, "sub"), [2, 5], "pizza"),
    "multiplication": (gl.ModularArithmetic(13, "mul"), [1, 5], "clock"),
    "even order, with the sign": (gl.ModularArithmetic(12, "add"), [1, 6], "clock"),
}


def planted(case):
    task, names, algorithm = CASES[case]
    return gl.Snapshot(gl.planted(task, names, algorithm), task), names


@pytest.mark.parametrize("case", CASES)
def test_a_network_of_pure_waves_is_itself(case):
    snapshot, names = planted(case)
    again = rebuild(snapshot, names)
    torch.testing.assert_close(again.logits, snapshot.logits, rtol=0, atol=0.02)  # of 60
    assert RebuiltAccuracy()(snapshot, names) == 1
    assert gl.explain(again, progress=False).circuit == gl.Circuit(snapshot.task.symmetry.group, names)


def with_known_phases(p=13, d_mlp=40, seed=0):
    """Gromov's network with random frequencies and phases, whose angles add up in no neuron."""
    task, g = gl.ModularArithmetic(p, "add"), torch.Generator().manual_seed(seed)
    model = gl.MLP(d_mlp=d_mlp, d_embed=None, act_fn="quadratic").build(task, seed=0)
    k = torch.randint(1, (p + 1) // 2, (d_mlp,), generator=g)
    angles = 2 * math.pi * torch.rand(3, d_mlp, generator=g)
    t = 2 * math.pi * torch.arange(p)[:, None] * k / p
    with torch.no_grad():
        model.W_in[0, :p], model.W_in[1, :p] = (t + angles[0]).cos(), 2 * (t + angles[1]).cos()
        model.W_U[:, :p] = 3 * (t + angles[2]).cos().T
        model.b_in.fill_(0.25)
    return gl.Snapshot(model, task), k, angles


def test_the_waves_are_those_that_were_written():
    snapshot, k, angles = with_known_phases()
    found = extract(snapshot, gl.Circuit("C13", range(1, 7)))
    assert torch.equal(found.frequency, k)
    torch.testing.assert_close(found.constant, torch.full((40,), 0.25).double(), rtol=0, atol=1e-6)
    expected = torch.polar(torch.tensor([[1.0], [2.0], [3.0]]).expand(3, 40).contiguous(), angles)
    torch.testing.assert_close(
        torch.stack([*found.read[:2], found.written]), expected.cdouble(), rtol=0, atol=1e-5
    )
    assert found.read[2:].abs().max() < 1e-6  # operands are added


def test_the_order_of_neurons_and_a_bias_of_answers_do_not_matter():
    snapshot, _, _ = with_known_phases()
    before = rebuild(snapshot, range(1, 7)).logits
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        snapshot.model.W_in.copy_(snapshot.model.W_in[:, :, order])
        snapshot.model.W_U.copy_(snapshot.model.W_U[order])
        snapshot.model.b_U.fill_(3.0)
    changed = gl.Snapshot(snapshot.model, snapshot.task)
    torch.testing.assert_close(rebuild(changed, range(1, 7)).logits, before, rtol=0, atol=1e-3)


@pytest.mark.parametrize("case", CASES)
def test_the_logits_of_a_table_at_once_are_the_networks(case):
    """Under any renaming of the elements, with and without an order of the inputs of the task's own."""
    snapshot, names = planted(case)
    circuit, n = gl.Circuit(snapshot.task.symmetry.group, names), snapshot.task.symmetry.group.order
    for order in (None, torch.randperm(n, generator=torch.Generator().manual_seed(0))):
        expected = rebuilt(snapshot, circuit, order).logits
        torch.testing.assert_close(rebuilt_logits(snapshot, circuit, order), expected, rtol=0, atol=1e-3)


def test_controls_have_no_algorithm():
    snapshot, names = planted("clock")
    for control in ("relabelled", "shuffled", "frequencies"):
        assert RebuiltAccuracy(control=control)(snapshot, names) < 0.4, control
    untrained = gl.Snapshot(gl.MLP(d_mlp=256).build(ADD, seed=0), ADD)
    lookup = gl.Snapshot(gl.planted(ADD, algorithm="lookup"), ADD)
    for blank in (untrained, lookup):
        assert RebuiltAccuracy()(blank, [2, 5]) < 0.4


def test_phases_that_do_not_add_up_answer_nothing():
    snapshot, _, _ = with_known_phases(d_mlp=400)
    assert RebuiltAccuracy()(snapshot, range(1, 7)) < 0.4


def test_the_users_model_and_the_random_state_stay():
    snapshot, names = planted("clock")
    state = {name: value.clone() for name, value in snapshot.model.state_dict().items()}
    random = torch.get_rng_state()
    for control in ("", "shuffled"):
        RebuiltAccuracy(control=control)(snapshot, names)
    assert all(torch.equal(value, state[name]) for name, value in snapshot.model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.slow
def test_the_shipped_run_rebuilt_answers_before_it_does_itself_and_controls_do_not():
    run = gl.load(RUNS / "mod113")
    measures = [
        RebuiltAccuracy(),
        RebuiltAccuracy("relabelled", 2),
        RebuiltAccuracy("shuffled", 2),
        "test_accuracy",
    ]
    table = gl.track(run, measures, steps=[0, 4800, 15000])
    real, rebuilt = table["test_accuracy"].values, table["rebuilt_accuracy"].values
    assert rebuilt[0] < 0.02
    assert rebuilt[1] > real[1] + 0.2
    assert rebuilt[2] >= 0.99
    for control in ("relabelled", "shuffled"):
        assert table[f"rebuilt_accuracy_control_{control}_draws_2"].max() < 0.03


@pytest.mark.slow
def test_a_run_that_memorised_a_random_table_holds_nothing_to_rebuild():
    run = gl.load(RUNS / "random-table")
    circuit = gl.Circuit("C113", [7, 20, 21, 42])
    assert float(gl.track(run, RebuiltAccuracy(), circuit)["rebuilt_accuracy"].max()) < 0.02


def test_it_is_a_column_of_a_table():
    snapshot, names = planted("clock")
    table = gl.track(snapshot, ["rebuilt_accuracy", RebuiltAccuracy("relabelled", draws=2)], names)
    assert set(table) == {"rebuilt_accuracy", "rebuilt_accuracy_control_relabelled_draws_2"}
    assert table["rebuilt_accuracy"].values.tolist() == [1.0]
    assert np.isfinite(table["rebuilt_accuracy_control_relabelled_draws_2"].values).all()
    blank = gl.track(gl.Snapshot(gl.MLP(d_mlp=8).build(ADD, seed=0), ADD), "rebuilt_accuracy")
    assert "circuit" in blank.attrs["left_out"]


def test_what_has_no_waves_is_refused():
    s3 = gl.GroupComposition("S3")
    with pytest.raises(BadArgument, match="not cyclic"):
        rebuild(gl.Snapshot(gl.planted(s3, ["sign"]), s3), ["sign"])
    bare = gl.hooked(torch.nn.Sequential(torch.nn.Embedding(14, 13), torch.nn.Linear(13, 13)))
    with pytest.raises(BadArgument, match="hook_pre"):
        rebuild(gl.Snapshot(bare, ADD), [2, 5])
    with pytest.raises(BadArgument, match="leaves fewer"):
        RebuiltAccuracy("frequencies")(planted("clock")[0], range(1, 5))
    with pytest.raises(BadArgument, match="control"):
        RebuiltAccuracy(control="relabeled")


def test_an_activation_function_of_a_users_is_refused():
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.e, self.pre = torch.nn.Embedding(14, 16), torch.nn.Linear(16, 20)
            self.post, self.out = torch.nn.Softplus(), torch.nn.Linear(20, 13)

        def forward(self, tokens):
            return self.out(self.post(self.pre(self.e(tokens[:, :2]).sum(1))))

    names = {"pre": "blocks.0.mlp.hook_pre", "post": "blocks.0.mlp.hook_post", "out.weight": "W_U"}
    with pytest.raises(BadArgument, match="none of relu"):
        rebuild(gl.Snapshot(gl.hooked(Net(), names), ADD), [2, 5])
