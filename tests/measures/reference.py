"""Every Fourier measure written out from its published definition: cosines of length p² and p³, loops, no shortcuts.

All of it is for a+b: logits L (p², p) and neurons N (p², m) over the lexicographic grid. Other operations are
brought into that form first (`as_addition`).
"""

import numpy as np


def fourier_rows(n):
    """F: constant; cosine and sine of each frequency; for even n the alternating row, which has no sine."""
    x = np.arange(n)
    rows = [np.ones(n) / np.sqrt(n)]
    for k in range(1, (n - 1) // 2 + 1):
        rows += [np.cos(2 * np.pi * k * x / n), np.sin(2 * np.pi * k * x / n)]
        rows[-2:] = [row * np.sqrt(2 / n) for row in rows[-2:]]
    if n % 2 == 0:
        rows.append((-1.0) ** x / np.sqrt(n))
    return np.array(rows)


def rows_of(k, n):
    return [n - 1] if 2 * k == n else [2 * k - 1, 2 * k]


def sum_directions(k, n):
    """u_k and v_k: cos and sin of w_k(a+b) over the grid, unit norm."""
    rows = fourier_rows(n)[rows_of(k, n)]
    if len(rows) == 1:
        return [np.outer(rows[0], rows[0]).ravel()]
    cos, sin = rows
    u = (np.outer(cos, cos) - np.outer(sin, sin)) / np.sqrt(2)
    v = (np.outer(sin, cos) + np.outer(cos, sin)) / np.sqrt(2)
    return [u.ravel(), v.ravel()]


def circuit_part(logits, key, n):
    part = np.zeros_like(logits)
    for k in key:
        for direction in sum_directions(k, n):
            part += np.outer(direction, direction @ logits)
    return part


def cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]


def restricted_losses(logits, labels, key, n):
    return cross_entropy(circuit_part(logits, key, n) + logits.mean(axis=0), labels)


def excluded_loss(logits, labels, train, key, n):
    return cross_entropy(logits - circuit_part(logits, key, n), labels)[train].mean()


def cube(k, n):
    """cos w_k(a+b−c) on all n³ triples, unit norm."""
    a, b, c = np.meshgrid(*[np.arange(n)] * 3, indexing="ij")
    wave = np.cos(2 * np.pi * k * (a + b - c) / n)
    return (wave / np.linalg.norm(wave)).reshape(n * n, n)


def logit_fve(logits, key, n):
    """Least squares of the logits, centred by one scalar, on the cubes; no intercept."""
    target = (logits - logits.mean()).ravel()
    regressors = np.stack([cube(k, n).ravel() for k in key], axis=1)
    fit = regressors @ np.linalg.lstsq(regressors, target, rcond=None)[0]
    return 1 - ((target - fit) ** 2).sum() / (target**2).sum()


def logit_similarity(logits, n):
    centred = logits - logits.mean(axis=1, keepdims=True)
    return {k: (centred * cube(k, n)).sum() / np.linalg.norm(centred) for k in range(1, n // 2 + 1)}


def spectrum(vectors):
    """Share of the non-constant power of functions (n, feature) in each frequency."""
    n = len(vectors)
    squares = np.linalg.norm(fourier_rows(n) @ vectors, axis=1) ** 2
    return {k: squares[rows_of(k, n)].sum() / squares[1:].sum() for k in range(1, n // 2 + 1)}


def gini(vectors):
    values = np.sort(np.linalg.norm(fourier_rows(len(vectors)) @ vectors, axis=1)[1:])
    n = len(values)
    return sum((2 * i - n - 1) * x for i, x in enumerate(values, start=1)) / (n * values.sum())


def ipr(sides):
    """Σ_k A_k⁴ / (Σ_k A_k²)² of each neuron, mean over neurons, then over the sides (n, neuron)."""
    means = []
    for side in sides:
        n, each = len(side), []
        for neuron in side.T:
            coefficients = fourier_rows(n) @ neuron
            power = np.array([(coefficients[rows_of(k, n)] ** 2).sum() for k in range(1, n // 2 + 1)])
            each.append((power**2).sum() / power.sum() ** 2)
        means.append(np.mean(each))
    return np.mean(means)


def neuron_fractions(neurons, n):
    """frac_k of each neuron (neuron, frequency): one two-dimensional transform a neuron; 0 where it is constant."""
    rows, table = fourier_rows(n), []
    for neuron in (neurons - neurons.mean(axis=0)).T:
        squares = (rows @ neuron.reshape(n, n) @ rows.T) ** 2
        owned = [[0, *rows_of(k, n)] for k in range(1, n // 2 + 1)]
        table.append([squares[np.ix_(index, index)].sum() / (squares.sum() or 1.0) for index in owned])
    return np.array(table)


def discrete_logs(p):
    """Exponents of the residues 1 … p−1 to the least primitive root."""
    for root in range(1, p):
        powers = [pow(root, exponent, p) for exponent in range(p - 1)]
        if len(set(powers)) == p - 1:
            return np.argsort(powers)
    raise AssertionError(p)


def as_addition(op, p):
    """How an operation becomes x+y mod n: for each token of a, of b and each class, its place, and n.

    Subtraction negates the second operand; products are sums of discrete logarithms.
    """
    n = p if op in ("add", "sub") else p - 1
    places = np.arange(p) if op in ("add", "sub") else discrete_logs(p)
    second = places if op in ("add", "mul") else -places % n
    return places, second, places, n


def reordered(values, op, p):
    """Rows of the grid of a and b moved to the grid of x and y."""
    first, second, _, n = as_addition(op, p)
    moved = np.empty_like(values)
    moved[(first[:, None] * n + second).ravel()] = values
    return moved
