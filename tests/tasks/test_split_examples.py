"""The examples of a split, as a recipe would train and test on them."""

import pytest
import torch

from groklens.errors import BadArgument
from groklens.tasks import Corrupted, ModularArithmetic, SparseParity, split_examples


def test_they_are_those_of_the_split():
    task = Corrupted(ModularArithmetic(7), 0.5, seed=3)
    parts = split_examples(task, seed=1, train_fraction=0.4)
    for part, index in zip(parts.values(), task.split(0.4, 1), strict=True):
        assert torch.equal(part.inputs, task.inputs[index])
        assert torch.equal(part.labels, task.labels[index])
        assert torch.equal(part.targets, task.targets[index])
    assert list(parts) == ["train", "test"]


def test_a_stream_has_none():
    with pytest.raises(BadArgument, match="is a stream, which has no train and test examples"):
        split_examples(SparseParity(n=6, k=2), seed=0)
