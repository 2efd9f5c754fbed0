"""Small runs that forecasts are tested on."""

import pytest

import groklens as gl


@pytest.fixture(scope="package")
def run(tmp_path_factory):
    """A subtraction that is memorised and half known within 300 updates, evaluated every ten."""
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(11, "sub"),
        model=gl.MLP(d_mlp=32, d_embed=None, act_fn="quadratic", bias=False),
        optimizer=gl.AdamW(lr=1e-2, weight_decay=0.5),
        train_fraction=0.7,
        steps=300,
        evaluate_every=10,
        keep=gl.Steps([0, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 130, 170, 220, 300]),
    )
    return gl.train(recipe, tmp_path_factory.mktemp("forecasts") / "run", keep_optimizer=None)
