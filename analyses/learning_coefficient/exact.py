"""Where an estimate at one temperature stands: λ̂ of two losses that have it exactly, as nβ grows.

`python -m analyses.learning_coefficient.exact FILE` draws it.
"""

import sys

import torch
import xarray as xr

import groklens as gl


def exact(gamma: float = 1.0, most: int = 5) -> xr.Dataset:
    """What can be had exactly: how λ̂ of a square and of a product of two weights nears that of the minimum itself.

    Over nβ at a fixed pull γ: ½ w₁² + ½ w₂² nears d/2 = 1 fast; (w₁w₂)², which is singular, nears ½ slowly, as the
    logarithm of nβ. What chains give at one temperature is a point of such a curve and not its end.
    """
    n_betas = [float(10 ** (power / 2)) for power in range(-2, 2 * most + 1)]
    product = lambda w: (w[..., 0] * w[..., 1]) ** 2  # noqa: E731
    curves = {
        "square": [gl.theory.quadratic_learning_coefficient(torch.ones(2), each, gamma) for each in n_betas],
        "product": [gl.theory.tempered_learning_coefficient(product, 2, each, gamma) for each in n_betas],
        "square_at_the_minimum": [1.0] * len(n_betas),
        "product_at_the_minimum": [0.5] * len(n_betas),
    }
    named = {
        "square": "λ̂ of ½w₁² + ½w₂²",
        "product": "λ̂ of (w₁w₂)²",
        "square_at_the_minimum": "d/2",
        "product_at_the_minimum": "½",
    }
    units = "effective parameters / 2"
    along = ("n_beta", n_betas, {"long_name": "inverse temperature nβ, at γ 1", "units": ""})
    return xr.Dataset(
        {
            name: ("n_beta", values, {"long_name": named[name], "units": units})
            for name, values in curves.items()
        },
        coords={"n_beta": along},
    )


if __name__ == "__main__":
    gl.views.sweep(exact()).save(sys.argv[1])
