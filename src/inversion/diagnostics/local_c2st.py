"""Local C2ST: is the posterior right at one observation? No draws of the exact one are needed there.

A classifier d(theta, y) is trained on a panel, pairs (theta_true, y) against (draw, y), and asked at one y_o:

    T(y_o) = mean over draws given y_o of (logit d(theta, y_o))^2,        0 where draws and truths agree at y_o.

The classifier is linear in the terms psi of degree two of z, which is theta in units of the mean and spread of each
observation's own points, with coefficients that are smooth functions of y (a kernel ridge regression of psi's gap):

    logit d = (psi(z) - mean psi)' C^-1 gap(y),     gap(y) = k(y)' (K + ridge n I)^-1 [psi(z_true) - mean psi(z_draw)]

Null classifiers have their labels exchanged within each observation. All share one factorisation, and all observations
share them: another y_o costs one product.

Linhart, Gramfort, Rodrigues (2023), arXiv:2306.03580; units of the posterior's own as in its L-C2ST-NF.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Real
from scipy.linalg import cho_factor, cho_solve

from inversion.diagnostics.checks import check_panel, stream
from inversion.diagnostics.exchange import exchange_p, picks

POINTS = 11  # of each observation: its truth and at most ten draws
PAIRS = 4000  # at most: the kernel's matrix is as large as their square
FARTHEST = 3.0  # where z is cut off, so that a draw far out counts as far out and no more
WIDTH, RIDGE = 1.0, 1e-3  # of the kernel, in standard deviations of y; and of the regression
CONSTANT, ADDITIVE, PRODUCT = 0.5, 0.75, 0.25  # the kernel's parts
ROWS = 50  # of the kernel at a time


class Classifiers(NamedTuple):
    """The trained classifier (row 0) and its nulls: gaps of psi at the panel's observations, and the regression."""

    y: Float[np.ndarray, "obs feature"]
    mean: Float[np.ndarray, " feature"]
    scale: Float[np.ndarray, " feature"]
    factor: tuple[np.ndarray, bool]
    gaps: Float[np.ndarray, "obs row term"]


def train_local_c2st(
    theta_true: Real[np.ndarray, "obs dim"],
    theta: Real[np.ndarray, "obs draw dim"],
    y: Real[np.ndarray, "obs *event"],
    *,
    seed: int = 0,
    nulls: int = 199,
) -> Classifiers:
    """Train on a panel. `y` may be statistics of the observations; of long ones, or of many lengths, it should."""
    check_panel(theta_true, theta)
    if len(y) != len(theta_true):
        raise ValueError(f"Expected y of {len(theta_true)} observations; got {len(y)}.")
    theta_true, theta, y = theta_true[:PAIRS], theta[:PAIRS], y[:PAIRS]
    features = y.reshape(len(y), -1).astype(np.float64)
    for name, array in (("theta", theta), ("y", features)):
        if not np.isfinite(array).all():
            raise ValueError(f"Expected finite {name}; got NaN or infinity.")
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    features = (features - mean) / scale
    terms = _terms(np.concatenate([theta_true[:, None], theta], axis=1), POINTS)
    obs, size = terms.shape[:2]
    truths = picks(stream(seed, "local"), obs, size, nulls).T
    total = terms.sum(axis=1)[:, None]
    gaps = terms[np.arange(obs)[:, None], truths]
    gaps *= size / (size - 1)
    gaps -= total / (size - 1)
    kernel = _upper_kernel(features)
    kernel[np.diag_indices(obs)] += RIDGE * obs  # large enough for single precision
    return Classifiers(
        features, mean, scale, cho_factor(kernel, overwrite_a=True, check_finite=False), gaps
    )


def local_c2st(
    classifiers: Classifiers, draws: Real[np.ndarray, "draw dim"], y: Real[np.ndarray, "*event"]
) -> tuple[float, float]:
    """The statistic at one observation y, of draws given it, and its p-value, no less than 1 / (nulls + 1).

    The p-value is exact where the posterior is right everywhere; elsewhere as good as the classifier is local.
    """
    terms = classifiers.gaps.shape[-1]
    if draws.ndim != 2 or _num_terms(draws.shape[1]) != terms or len(draws) < 2:
        raise ValueError(f"Expected two or more draws, as wide as trained on; got {draws.shape}.")
    if y.size != len(classifiers.mean):
        raise ValueError(f"Expected y of {len(classifiers.mean)} entries; got {y.size}.")
    at = (y.reshape(1, -1).astype(np.float64) - classifiers.mean) / classifiers.scale
    weights = cho_solve(classifiers.factor, _kernel(classifiers.y, at))[:, 0]
    gap = np.tensordot(weights, classifiers.gaps, axes=1)
    psi = _terms(draws[None], len(draws))[0]
    psi = psi - psi.mean(axis=0)
    spread = psi.T @ psi / len(psi) + 1e-3 * np.eye(terms)
    statistics = np.einsum("bt,tb->b", gap, np.linalg.solve(spread, gap.T))
    return float(statistics[0]), float(exchange_p(statistics))


def _num_terms(dim: int) -> int:
    return dim + dim * (dim + 1) // 2


def _terms(
    points: Real[np.ndarray, "obs point dim"], num: int
) -> Float[np.ndarray, "obs num term"]:
    """All z_i and z_i z_j of the first points, with z in units of all the points' mean and standard deviation."""
    points = points - points.mean(axis=1, keepdims=True, dtype=np.float64)
    scale = np.sqrt(np.einsum("opd,opd->od", points, points) / points.shape[1])[:, None]
    z = (points[:, :num] / np.where(scale > 0, scale, 1.0)).astype(np.float32)
    z = np.clip(z, -FARTHEST, FARTHEST, out=z)
    first, second = np.triu_indices(z.shape[-1])
    return np.concatenate([z, z[..., first] * z[..., second]], axis=-1)


def _upper_kernel(a: Float[np.ndarray, "n feature"]) -> Float32[np.ndarray, "n n"]:
    """The upper triangle of `_kernel(a, a)`, all that a factorisation reads, by a few rows, which stay in cache."""
    kernel = np.zeros((len(a), len(a)), np.float32)
    for start in range(0, len(a), ROWS):
        kernel[start : start + ROWS, start:] = _kernel(a[start : start + ROWS], a[start:])
    return kernel


def _kernel(
    a: Float[np.ndarray, "m feature"], b: Float[np.ndarray, "n feature"]
) -> Float32[np.ndarray, "m n"]:
    """A constant, a smooth function of each feature by itself, and one of all of them together."""
    features = a.shape[1]
    squares = np.zeros((len(a), len(b)), np.float32)
    additive = np.zeros_like(squares)
    for left, right in zip(a.T.astype(np.float32), b.T.astype(np.float32)):
        square = np.subtract.outer(left, right)
        square *= square
        square /= -2 * WIDTH**2
        squares += square
        additive += np.exp(square, out=square)
    squares /= features
    additive *= ADDITIVE / features
    additive += PRODUCT * np.exp(squares, out=squares)
    additive += CONSTANT
    return additive
