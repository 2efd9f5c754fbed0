"""The local learning coefficient: what can be had exactly, what must not be believed, and stacked against plain."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import LLC, learning_coefficient, llc_chains, llc_tuning, stacked_losses, tune
from groklens.measures.chain_health import chain_health, effective_size, split_r_hat
from groklens.measures.llc_chains import Chains
from groklens.measures.sgld import Noise, Walk, walked
from groklens.measures.stacked_losses import StackedLosses
from groklens.models import LOSSES_EACH
from groklens.theory import quadratic_learning_coefficient, tempered_learning_coefficient
from own_parts import Hinge

TASK = gl.ModularArithmetic(11)
TRAIN, _ = TASK.split(0.5, seed=0)
SPECS = {
    "MLP": gl.MLP(d_mlp=16, d_embed=8),
    "transformer": gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=16),
    "two layers with norms": gl.Transformer(
        n_layers=2, d_model=16, n_heads=2, d_head=8, d_mlp=16, normalization="LN"
    ),
}


@pytest.fixture(autouse=True)
def one_group_at_a_time(request, monkeypatch):
    """Beside other tests two only wait for each other, and no number depends on it: one test has both, and says so."""
    in_groups = request.node.originalname == "test_chains_walk_alike_in_groups_and_together"
    monkeypatch.setattr(llc_chains, "_WORKERS", 2 if in_groups else 1)


def snapshot(spec="MLP", task=TASK, train=TRAIN):
    return gl.Snapshot(SPECS[spec].build(task, seed=0), task, 0, train)


def estimated(loss, n_weights, walk, draws=4000, burn_in=1000, chains=16, seed=0):
    start = [torch.zeros(chains, n_weights, dtype=torch.float64)]
    trace = walked(
        lambda values: loss(values[0]),
        start,
        walk,
        burn_in + draws,
        Noise(torch.Generator().manual_seed(seed), chains),
    )
    return chain_health(walk.n_beta * (trace[:, 1 + burn_in :] - trace[:, :1]))


# What can be had exactly


@pytest.mark.parametrize(("n_beta", "gamma", "value"), [(100, 1, 0.354), (1000, 1, 0.390), (2, 5, 0.052)])
def test_a_product_of_two_weights_by_quadrature(n_beta, gamma, value):
    found = tempered_learning_coefficient(lambda w: (w[..., 0] * w[..., 1]) ** 2, 2, n_beta, gamma)
    assert found == pytest.approx(value, abs=6e-4)


@settings(max_examples=20, deadline=None)
@given(h=st.floats(0.1, 10), n_beta=st.floats(1, 1000), gamma=st.floats(0.5, 10))
def test_quadrature_and_closed_form_agree(h, n_beta, gamma):
    by_sum = tempered_learning_coefficient(lambda w: h / 2 * w[..., 0] ** 2, 1, n_beta, gamma)
    assert by_sum == pytest.approx(quadratic_learning_coefficient(torch.tensor([h]), n_beta, gamma), rel=1e-3)
    two = tempered_learning_coefficient(lambda w: h / 2 * w.square().sum(-1), 2, n_beta, gamma)
    assert two == pytest.approx(2 * by_sum, rel=5e-3)


@pytest.mark.parametrize("epsilon", [1e-3, 5e-3])
def test_a_quadratic_is_sampled_as_its_discretised_chain_says(epsilon):
    curvatures = torch.tensor([0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
    found = estimated(lambda w: (curvatures * w**2).sum(-1) / 2, 4, Walk(epsilon, 100.0, 5.0))
    exact = quadratic_learning_coefficient(curvatures, 100.0, 5.0, epsilon)
    assert abs(found.mean - exact) < 2 * found.stderr + 0.01
    assert exact > quadratic_learning_coefficient(curvatures, 100.0, 5.0)


def test_singular_losses_are_sampled_within_their_error_and_bias():
    """Halving the step size shows the bias that is left: what is between must hold the truth."""
    loss, truth = (lambda w: (w[..., 0] * w[..., 1]) ** 2), 0.354
    coarse, fine = (estimated(loss, 2, Walk(epsilon, 100.0, 1.0), 8000) for epsilon in (4e-3, 2e-3))
    bias = abs(coarse.mean - fine.mean)
    assert abs(fine.mean - truth) < 2 * fine.stderr + 2 * bias + 0.01


def test_half_the_dimension_is_approached_as_the_temperature_falls():
    found = [quadratic_learning_coefficient(torch.ones(6), n_beta, 1.0) for n_beta in (1, 10, 100, 1e4)]
    assert found == sorted(found)
    assert found[-1] == pytest.approx(3, abs=1e-3)
    assert quadratic_learning_coefficient(torch.ones(1), 1e4, 1.0, epsilon=1e-3) == math.inf


@pytest.mark.parametrize("epsilon", [1e-4, 3e-5])
def test_held_scales_do_not_bend_the_density(epsilon):
    """Scales that followed the chain would give twice the half of w², the nearer the smaller the steps."""
    walk = Walk(epsilon, 100.0, 1.0, "rmsprop", adapts=300)
    found = estimated(lambda w: w.square().sum(-1), 1, walk, draws=8000, burn_in=1000)
    exact = tempered_learning_coefficient(lambda w: w[..., 0] ** 2, 1, 100.0, 1.0)
    assert abs(found.mean - exact) < 3 * found.stderr + 0.03


def test_an_untrained_model_stands_at_no_minimum():
    for llc in (
        LLC(epsilon=6e-3, n_beta=2.0, draws=200),
        LLC(gamma=100.0),
        LLC(epsilon=3e-3, draws=200),
        LLC(epsilon=5e-3, n_beta=5.0, gamma=20.0, draws=200),
    ):
        found = learning_coefficient(snapshot(), llc)
        assert found.verdict == "undecided"
        assert "no minimum" in " ".join(found.reasons)


def test_preconditioning_keeps_the_start_and_moves_all_alike():
    walk = Walk(1e-4, 100.0, 1.0, "rmsprop")
    steep = torch.tensor([100.0, 1.0], dtype=torch.float64)
    trace = walked(
        lambda values: (steep * values[0] ** 2).sum(-1), [torch.zeros(4, 2, dtype=torch.float64)], walk, 300,
        Noise(torch.Generator().manual_seed(0), 4),
    )  # fmt: skip
    assert trace.isfinite().all()
    assert (trace[:, 0] == 0).all()


# Health


def test_independent_draws_are_healthy_and_their_size_is_known():
    draws = 3 + torch.randn(4, 400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = chain_health(draws)
    assert not found.reasons
    assert found.ess == pytest.approx(1600, rel=0.2)
    assert found.mean == pytest.approx(3, abs=3 * found.stderr)


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_the_effective_size_of_an_autoregression(rho):
    generator, count = torch.Generator().manual_seed(0), 20_000
    noise = torch.randn(4, count, generator=generator, dtype=torch.float64)
    draws = torch.zeros(4, count, dtype=torch.float64)
    for t in range(1, count):
        draws[:, t] = rho * draws[:, t - 1] + noise[:, t]
    assert effective_size(draws) == pytest.approx(4 * count * (1 - rho) / (1 + rho), rel=0.15)


@pytest.mark.parametrize("fault", ["drift", "apart", "sticky", "infinite"])
def test_chains_that_are_not_to_be_believed(fault):
    draws = torch.randn(4, 400, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    if fault == "drift":
        draws += torch.linspace(0, 1.5, 400)
    elif fault == "apart":
        draws += torch.arange(4.0)[:, None]
    elif fault == "sticky":
        draws = draws.cumsum(dim=1)
    else:
        draws[2, 30] = math.inf
    reasons = chain_health(draws).reasons
    assert reasons
    assert {"drift": "drifts", "apart": "disagree", "sticky": "independent", "infinite": "infinity"}[
        fault
    ] in " ".join(reasons)
    assert split_r_hat(draws) >= 1 or fault in ("infinite", "drift")


# On models


@pytest.mark.parametrize("spec", SPECS)
def test_stacked_losses_and_gradients_are_the_models_own(spec):
    seen = snapshot(spec)
    losses = StackedLosses(seen, 3)
    values = [value.requires_grad_(True) for value in losses.start]
    with torch.no_grad():
        for value in values:
            value += 0.01 * torch.randn(value.shape, generator=torch.Generator().manual_seed(0))
    assert losses.is_quick
    quick = losses(values)
    gradients = torch.autograd.grad(quick.sum(), values)
    losses.is_quick = False
    plain = losses(values)
    torch.testing.assert_close(quick, plain, rtol=1e-5, atol=1e-6)
    for one, other in zip(gradients, torch.autograd.grad(plain.sum(), values), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
    at_start = StackedLosses(seen, 2)(StackedLosses(seen, 2).start)
    assert at_start.tolist() == pytest.approx([gl.measures.train_loss(seen)] * 2, rel=1e-6)


@pytest.fixture(scope="module")
def learned():
    """A model at a minimum of its train loss, kept from zero by weight decay."""
    task, torch_state = TASK, torch.random.get_rng_state()
    model = gl.MLP(d_mlp=16, d_embed=8).build(task, seed=0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.01)
    for _ in range(1500):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(task.inputs[TRAIN])[:, -1], task.labels[TRAIN]).backward()
        optimizer.step()
    torch.random.set_rng_state(torch_state)
    return gl.Snapshot(model, task, 1500, TRAIN)


HEALTHY = LLC(epsilon=2e-3, gamma=20.0, n_beta=5.0, draws=600, burn_in=300)


@pytest.fixture(scope="module")
def healthy(learned):
    """What is found there, once for all tests that compare something with it; nothing else has changed."""
    before = {name: value.clone() for name, value in learned.model.state_dict().items()}
    state = torch.random.get_rng_state()
    found = learning_coefficient(learned, HEALTHY)
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in learned.model.state_dict().items())
    return found


def test_a_model_at_a_minimum_has_one(learned, healthy):
    assert healthy.reasons == ()
    assert healthy.verdict == "supported"
    assert 0 < healthy.value < sum(p.numel() for p in learned.model.parameters()) / 2
    assert healthy.finding().verdict == "supported"


def test_asked_again_it_is_the_same_and_in_two_groups_within_rounding(learned, monkeypatch):
    few = replace(HEALTHY, draws=40, burn_in=20)
    once, again = (learning_coefficient(learned, few) for _ in range(2))
    assert torch.equal(once.losses, again.losses)
    assert once.value == again.value
    monkeypatch.setattr(llc_chains, "_WORKERS", 2)  # as where there are two cores
    torch.testing.assert_close(learning_coefficient(learned, few).losses, once.losses, rtol=1e-3, atol=0)


@pytest.mark.parametrize("epsilon", [2e-3, 4e-3])
def test_ten_times_the_step_size_is_undecided(learned, healthy, epsilon):
    """Nothing else is changed: at these, the estimate is a quarter and two thirds too large, with little noise."""
    if epsilon != HEALTHY.epsilon:
        healthy = learning_coefficient(learned, replace(HEALTHY, epsilon=epsilon))
    too_large = learning_coefficient(learned, replace(HEALTHY, epsilon=10 * epsilon))
    assert healthy.verdict == "supported"
    assert too_large.verdict == "undecided"
    assert "step size" in " ".join(too_large.reasons)
    assert too_large.value > 1.2 * healthy.value
    assert math.isnan(too_large.array.sel(quantity="value"))
    assert too_large.finding().verdict == "undecided"


def test_away_from_a_minimum_is_undecided():
    found = learning_coefficient(snapshot(), LLC(epsilon=1e-3, gamma=1.0, n_beta=30.0, draws=200, burn_in=0))
    assert found.verdict == "undecided"
    assert found.reasons


def test_it_stands_in_tables_with_its_health(learned, healthy):
    run = gl.Run.of({0: snapshot().model, 1500: learned.model}, TASK, train_index=TRAIN)
    table = gl.track(run, [HEALTHY, "train_loss"])
    column = table[HEALTHY.__name__]
    assert column.dims == ("step", "quantity")
    assert column.sel(step=1500, quantity="healthy") == 1
    assert float(column.sel(step=1500, quantity="value")) == pytest.approx(healthy.value)
    assert set(np.unique(column.sel(quantity="healthy"))) <= {0.0, 1.0}
    assert LLC().__name__ == "llc"
    assert LLC(draws=100).__name__ == "llc_draws_100"


def test_the_loss_is_the_runs_own(tmp_path):
    recipe = gl.Recipe(task=TASK, model=SPECS["MLP"], loss="mse", steps=2)
    run = gl.train(recipe, into=tmp_path / "run", progress=False)
    assert LLC().in_run(run).loss == "mse"
    assert LLC(loss="cross_entropy").in_run(run).loss == "cross_entropy"
    assert LLC().in_run(run).__name__ == "llc"


@pytest.mark.parametrize("loss", ["mse", Hinge()])
def test_a_run_is_measured_by_the_loss_it_was_trained_with(tmp_path, loss):
    """The first loss of every chain is that of training, however the run is handed in."""
    recipe = gl.Recipe(task=TASK, model=SPECS["MLP"], loss=loss, steps=2)
    run = gl.train(recipe, into=tmp_path / "run", progress=False)
    few = LLC(draws=20, burn_in=0, chains=2)
    index = run.train_index
    each = LOSSES_EACH[loss] if loss == "mse" else loss.each
    own = float(each(run.final.logits[index], TASK.targets[index]).mean())
    assert learning_coefficient(run, few).losses[:, 0].tolist() == pytest.approx([own] * 2, rel=1e-5)
    by_run, by_table = few(run), gl.track(run, few)[few.__name__].isel(step=-1, drop=True)
    np.testing.assert_array_equal(by_run.values, by_table.values)
    assert learning_coefficient(run.final, few).losses[0, 0] != pytest.approx(own, rel=1e-3)


def test_named_weights_alone_walk(learned, healthy):
    some = learning_coefficient(learned, LLC(**{**vars(HEALTHY), "weights": ("W_E",)}))
    assert some.value < healthy.value
    with pytest.raises(BadArgument, match="the model's parameters are W_E, W_in"):
        learning_coefficient(learned, LLC(weights=("W_Q",)))
    transformer = snapshot("transformer")
    assert learning_coefficient(transformer, LLC(weights=("W_U",), draws=20, burn_in=0)).losses.shape == (
        4,
        21,
    )


def test_batches_follow_other_gradients_and_full_losses(learned, healthy):
    batched = learning_coefficient(learned, replace(HEALTHY, batch_size=40, draws=300))
    assert batched.losses[:, 0].tolist() == healthy.losses[:, 0].tolist()
    assert batched.value == pytest.approx(healthy.value, rel=0.35)


@pytest.mark.parametrize("spec", SPECS)
def test_batches_are_each_chains_own_and_their_gradients_the_models(spec):
    """Full losses are taken between a batch's loss and its gradient, as the sampler does."""
    losses = StackedLosses(snapshot(spec), 3)
    values = [value.requires_grad_(True) for value in losses.start]

    def gradients(is_quick):
        losses.is_quick = is_quick
        batches = losses.of_batches(20, torch.Generator().manual_seed(0))
        followed = batches(values)
        losses(values)
        return followed, torch.autograd.grad(followed.sum(), values)

    (quick, found), (plain, wanted) = gradients(True), gradients(False)
    assert len(set(quick.tolist())) == 3
    torch.testing.assert_close(quick, plain, rtol=1e-5, atol=1e-6)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("batch_size", [None, 20])
@pytest.mark.parametrize("is_quick", [True, False])
def test_chains_walk_alike_in_groups_and_together(batch_size, is_quick, monkeypatch):
    if not is_quick:
        monkeypatch.setattr(stacked_losses, "quick_holds", lambda *_: False)
    walk = Walk(torch.tensor([1e-3] * 3 + [5e-4] * 2), 30.0, 5.0, adapts=4)
    chains = Chains(snapshot(), batch_size=batch_size)
    (one, other), gained = chains.side_by_side(walk, (3, 2), 8)
    (together,), same = chains.side_by_side(walk, (5,), 8)
    torch.testing.assert_close(torch.cat([one, other]), together, rtol=1e-6, atol=0)
    assert gained == same > 0


def test_a_plain_module_is_sampled(learned):
    class Ours(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.read = torch.nn.Embedding(12, 8), torch.nn.Linear(24, 11)

        def forward(self, tokens):
            return self.read(self.embed(tokens).flatten(1)).relu()

    model = gl.hooked(Ours())
    seen = gl.Snapshot(model, TASK, 0, TRAIN)
    losses = StackedLosses(seen, 2)
    assert not losses.is_quick
    assert losses(losses.start).tolist() == pytest.approx([gl.measures.train_loss(seen)] * 2, rel=1e-6)
    found = learning_coefficient(seen, LLC(draws=20, burn_in=0, chains=2))
    assert found.losses.isfinite().all()


def test_tuning_proposes_a_healthy_cell(learned):
    table = tune(learned, (4e-3, 1.0), (5.0,), LLC(gamma=20.0, draws=400, burn_in=200))
    assert table["value"].dims == ("epsilon", "n_beta")
    assert table.attrs["epsilon"] == 4e-3
    assert float(table["healthy"].sel(epsilon=1.0, n_beta=5.0)) == 0
    assert table["reasons"].sel(epsilon=1.0, n_beta=5.0).item()
    assert table["reasons"].sel(epsilon=4e-3, n_beta=5.0).item() == ""


def test_tuning_prefers_a_plateau_to_a_small_error():
    value = np.array([[1.0, 1.05, 3.0], [math.nan, 1.02, math.nan]])
    change = llc_tuning._changes(value)
    np.testing.assert_allclose(change[0], [0.05, 1.95 / 1.05, 1.95 / 3])
    assert np.isnan(change[1]).tolist() == [True, False, True]
    stderr = np.array([[0.02, 0.02, 0.01], [math.nan, 0.04, math.nan]])
    assert llc_tuning._proposed(value, stderr, change) == (1, 1)
    alone = np.array([[1.0, math.nan]])
    assert llc_tuning._proposed(alone, 0.1 * alone, llc_tuning._changes(alone)) == (0, 0)
    nothing = np.full((1, 2), math.nan)
    assert llc_tuning._proposed(nothing, nothing, llc_tuning._changes(nothing)) is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"epsilon": 0}, "epsilon is"),
        ({"n_beta": math.inf}, "n_beta is"),
        ({"chains": 1}, "at least 2"),
        ({"sampler": "hmc"}, "choose 'sgld' or 'rmsprop'"),
        ({"loss": "hinge"}, "choose 'cross_entropy'"),
    ],
)
def test_what_no_chain_can_walk_by(fields, words):
    with pytest.raises(BadArgument, match=words):
        learning_coefficient(snapshot(), LLC(**fields))


def test_without_a_split_there_is_none():
    with pytest.raises(BadArgument, match="which inputs were trained on is not known"):
        learning_coefficient(snapshot(train=None))
