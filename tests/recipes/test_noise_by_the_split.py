"""A recipe says where wrong labels were chosen by the permutation that splits; its id and bits stay."""

import warnings
from dataclasses import replace

import pytest

from groklens.models import MLP
from groklens.recipes import Recipe
from groklens.tasks import Corrupted, Digits, ModularArithmetic, SparseParity

TASK = ModularArithmetic(13)
ASIDE = Corrupted(TASK, 0.1, seed=1000)
RECIPE = Recipe(task=ASIDE, model=MLP())


def test_it_says_what_share_is_wrong_and_what_to_type():
    noisy = Corrupted(TASK, 0.1, seed=0)
    with pytest.warns(UserWarning, match=r"34% of the train labels are wrong, not about 10%.*seed=1000\)"):
        recipe = Recipe(task=noisy, model=MLP())
    train, _ = recipe.task.split(0.3, 0)
    assert round(float(noisy.is_wrong[train].double().mean()), 2) == 0.34
    with pytest.warns(UserWarning, match="choose by one permutation"):
        replace(RECIPE, seed=1000)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"task": Corrupted(TASK, 0.1, seed=0), "train_fraction": 1.0},
        {"task": Corrupted(TASK, 0.0, seed=0)},
        {"task": Corrupted(TASK, 1.0, seed=0, uniform=True)},
        {"task": Corrupted(SparseParity(n=6, k=2), 0.1, seed=0), "batch_size": 8},
    ],
)
def test_it_is_silent_where_the_choice_is_apart_or_none(changed):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        replace(RECIPE, **changed)


def test_features_choose_apart_from_the_split_by_themselves():
    pytest.importorskip("sklearn")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Recipe(task=Corrupted(Digits(n_train=50), 0.2, seed=0), model=MLP(d_embed=None))


def test_a_recipe_from_a_file_is_as_it_was():
    with pytest.warns(UserWarning, match="one permutation"):
        recipe = Recipe(task=Corrupted(TASK, 0.1, seed=0), model=MLP())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Recipe.from_dict(recipe.to_dict()).id == recipe.id
    with pytest.warns(UserWarning, match="one permutation"):
        replace(recipe, steps=5)
