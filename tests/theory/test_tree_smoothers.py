"""A tree's smoother, times the labels, is what scikit-learn predicts."""

import numpy as np
import pytest
import torch

from groklens.errors import BadArgument
from groklens.theory import boosting, effective_parameters, forest, tree

sklearn_tree = pytest.importorskip("sklearn.tree")
ensemble = pytest.importorskip("sklearn.ensemble")

RNG = np.random.default_rng(0)
TRAIN, AT = (torch.from_numpy(RNG.random((n, 5))) for n in (60, 25))
LABELS = np.stack([TRAIN[:, 0].numpy() + RNG.normal(0, 0.3, 60), RNG.normal(0, 1, 60)], axis=1)


@pytest.mark.parametrize("leaves", [2, 8, None])
def test_trees(leaves):
    fitted = sklearn_tree.DecisionTreeRegressor(max_leaf_nodes=leaves, random_state=0).fit(
        TRAIN.numpy(), LABELS
    )
    smoother = tree(fitted, TRAIN, AT)
    np.testing.assert_allclose(smoother.numpy() @ LABELS, fitted.predict(AT.numpy()))
    np.testing.assert_allclose(smoother.sum(dim=1), 1)
    assert effective_parameters(tree(fitted, TRAIN, TRAIN)) == pytest.approx(leaves or 60)


@pytest.mark.parametrize("kind", ["RandomForestRegressor", "ExtraTreesRegressor"])
@pytest.mark.parametrize("bootstrap", [False, True])
def test_forests(kind, bootstrap):
    fitted = getattr(ensemble, kind)(7, bootstrap=bootstrap, max_features=2, random_state=1)
    fitted.fit(TRAIN.numpy(), LABELS)
    smoother = forest(fitted, TRAIN, AT)
    np.testing.assert_allclose(smoother.numpy() @ LABELS, fitted.predict(AT.numpy()))
    np.testing.assert_allclose(smoother.sum(dim=1), 1)


@pytest.mark.parametrize(("rounds", "rate"), [(1, 1.0), (30, 0.2)])
def test_boosted_trees(rounds, rate):
    fitted = ensemble.GradientBoostingRegressor(n_estimators=rounds, learning_rate=rate, random_state=0)
    fitted.fit(TRAIN.numpy(), LABELS[:, 0])
    smoother = boosting([stage[0] for stage in fitted.estimators_], rate, TRAIN, AT)
    np.testing.assert_allclose(smoother.numpy() @ LABELS[:, 0], fitted.predict(AT.numpy()))
    np.testing.assert_allclose(smoother.sum(dim=1), 1)


def test_what_is_no_tree_is_refused():
    with pytest.raises(BadArgument, match="no apply"):
        tree(object(), TRAIN, AT)
    with pytest.raises(BadArgument, match="estimators_"):
        forest(object(), TRAIN, AT)
    fitted = ensemble.RandomForestRegressor(3, random_state=0).fit(TRAIN.numpy(), LABELS)
    with pytest.raises(BadArgument, match="use forest"):
        tree(fitted, TRAIN, AT)
