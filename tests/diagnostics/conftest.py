"""A panel whose exact posterior is a correlated Gaussian, and the faults to find in it."""

from typing import NamedTuple

import jaxtyping
import numpy as np
import pytest

FACTOR = np.array([[1.0, 0.0], [0.6, 0.8]])  # of the posterior's covariance


class Panel(NamedTuple):
    theta_true: np.ndarray
    theta: np.ndarray
    y: np.ndarray
    log_prob_true: np.ndarray
    log_prob: np.ndarray


def make_panel(seed, *, obs=1000, draws=100, spread=1.0, shift=0.0):
    """Truths from N(y, C), draws from N(y + shift, spread^2 C), and the density of the draws."""
    rng = np.random.default_rng(seed)
    y = 2 * rng.standard_normal((obs, 2))
    z_true = rng.standard_normal((obs, 2))
    z = shift + spread * rng.standard_normal((obs, draws, 2))

    def log_prob(z):
        return -0.5 * np.square((z - shift) / spread).sum(axis=-1)

    theta = y[:, None] + z @ FACTOR.T
    return Panel(y + z_true @ FACTOR.T, theta, y, log_prob(z_true), log_prob(z))


@pytest.fixture
def panel():
    return make_panel


@pytest.fixture
def raises():
    """Expects the message at the door, or the type checker's where that is switched on."""

    def expect(match):
        errors = (ValueError, jaxtyping.TypeCheckError)
        return pytest.raises(errors, match=f"{match}.*; got|[Tt]ype-check")

    return expect
