"""Losses without parts of the logits, from exponentials that are multiplied, against each difference taken."""

import pytest
import torch

from groklens.measures.excluded import _LARGEST, _losses_without
from groklens.models import cross_entropy_each

N_ROWS, N = 60, 11


def case(scale, of_part, seed=0):
    generator = torch.Generator().manual_seed(seed)
    answers = torch.randint(N, (N_ROWS,), generator=generator)
    logits = scale * torch.randn(N_ROWS, N, generator=generator, dtype=torch.float64)
    logits[torch.arange(N_ROWS), answers] += 3 * scale
    parts = [of_part * torch.randn(N, N, generator=generator, dtype=torch.float64) for _ in range(3)]
    return logits, parts, answers


@pytest.mark.parametrize("scale", [0.1, 3.0, 30.0])
@pytest.mark.parametrize("of_part", [0.0, 1.0, 20.0])
def test_the_losses_are_those_of_each_difference(scale, of_part):
    logits, parts, answers = case(scale, of_part)
    found = _losses_without(logits, parts, answers, answers)
    expected = torch.stack([cross_entropy_each(logits - part[answers], answers) for part in parts])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


def test_losses_next_to_nothing_keep_their_digits():
    logits, parts, answers = case(0.1, 0.05)
    logits[torch.arange(N_ROWS), answers] += 20.0  # losses of about 1e-8
    found = _losses_without(logits, parts, answers, answers)
    exact = torch.stack(
        [torch.log1p(_others(logits - part[answers], answers)) for part in parts]
    )  # log(1 + x), without the sum's rounding
    assert 0 < float(exact.max()) < 1e-6
    torch.testing.assert_close(found, exact, rtol=1e-6, atol=1e-15)


def _others(logits, labels):
    """The probabilities of the other classes over the label's."""
    each = (logits - logits.gather(1, labels[:, None])).exp()
    return each.scatter(1, labels[:, None], 0.0).sum(dim=1)


def test_logits_too_far_apart_for_float64_are_taken_one_difference_after_another():
    logits, parts, answers = case(900.0, 500.0)
    assert float(logits.max() - logits.min()) > _LARGEST
    found = _losses_without(logits, parts, answers, answers)
    expected = torch.stack([cross_entropy_each(logits - part[answers], answers) for part in parts])
    assert found.isfinite().all()
    assert torch.equal(found, expected)
