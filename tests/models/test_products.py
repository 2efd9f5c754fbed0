"""Products by oneDNN are those of float64 within float32's rounding, and torch's own wherever it is not to be had."""

from unittest.mock import patch

import pytest
import torch

from groklens.models.fast_pass import products
from groklens.models.fast_pass.products import added_product

SHAPES = [(1, 1, 1), (7, 5, 3), (113, 512, 120), (791, 512, 120)]


def drawn(rows, features, outputs, dtype=torch.float32):
    generator = torch.Generator().manual_seed(rows)
    shapes = (rows, outputs), (rows, features), (outputs, features)
    return [torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]


def beside_others(matrix):
    """The same numbers in rows of a wider matrix, as neurons lie beside what skips them."""
    return torch.cat([matrix, matrix], dim=1)[:, : matrix.shape[1]]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("laid_out", [torch.Tensor.contiguous, beside_others])
def test_it_is_the_product_in_float64_but_for_rounding(shape, laid_out):
    added, rows, weight = drawn(*shape)
    found = added_product(laid_out(added), laid_out(rows), weight)
    exact = added.double() + rows.double() @ weight.double().mT
    assert found.dtype == torch.float32
    size = added.abs() + rows.abs() @ weight.abs().mT  # what rounding is relative to
    assert bool(((found - exact).abs() <= 1e-6 * size).all())


def test_what_is_added_stays_as_it_was():
    added, rows, weight = drawn(7, 5, 3)
    before = added.clone()
    added_product(added, rows, weight)
    assert torch.equal(added, before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_one_dnn_it_is_torchs_own(dtype):
    added, rows, weight = drawn(7, 5, 3, dtype)
    with patch.object(products, "_one_dnn", lambda: None):
        found = added_product(added, rows, weight)
    assert torch.equal(found, torch.addmm(added, rows, weight.mT))


def test_float64_is_torchs_own():
    added, rows, weight = drawn(7, 5, 3, torch.float64)
    assert torch.equal(added_product(added, rows, weight), torch.addmm(added, rows, weight.mT))
