"""Margins and their stack: each the inverse of the other, with the log-determinant that differentiation gives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.networks.gaussianization import Gaussianization
from inversion.networks.margins import Margins

X = np.array([[-2.0, -0.5, 0.1, 3.0], [0.0, 1.0, 1.5, 4.0]])
Y = np.array([[-1.0, 0.0, 0.2, 1.0], [-3.0, -1.0, 0.0, 5.0]])


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def margins() -> Margins:
    return jax.tree.map(jnp.asarray, Margins.through(X, Y))


@pytest.fixture
def transform() -> Gaussianization:
    made = Gaussianization(3, layers=4, knots=6, interval=3.0, key=jax.random.key(0))
    leaves, treedef = jax.tree.flatten(made)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    return jax.tree.unflatten(
        treedef, [leaf + 0.3 * jax.random.normal(k, leaf.shape) for leaf, k in zip(leaves, keys)]
    )


def test_margins_pass_through_their_knots(margins) -> None:
    np.testing.assert_allclose(margins.forward(X)[0], Y, atol=1e-12)
    np.testing.assert_allclose(margins.inverse(Y)[0], X, atol=1e-9)


def test_margins_go_on_straight_beyond_their_knots(margins) -> None:
    """By the slope of the line between the two outermost knots."""
    far = X[:, -1:] + jnp.array([0.0, 1.0, 7.0])
    slope = (Y[:, -1] - Y[:, -2]) / (X[:, -1] - X[:, -2])
    expected = Y[:, -1:] + slope[:, None] * jnp.array([0.0, 1.0, 7.0])
    np.testing.assert_allclose(margins.forward(far)[0], expected, atol=1e-9)
    np.testing.assert_allclose(margins.inverse(expected)[0], far, atol=1e-9)


def test_margins_have_the_slope_that_they_say(margins) -> None:
    x = jnp.linspace(-6, 6, 2001)
    both = jnp.stack([x, x])
    y, log_slope = margins.forward(both)
    for row in range(2):
        slope = jax.vmap(jax.grad(lambda t, row=row: margins.forward(jnp.full(2, t))[0][row]))(x)
        np.testing.assert_allclose(jnp.exp(log_slope[row]), slope, rtol=1e-8)
    back, log_inverse = margins.inverse(y)
    np.testing.assert_allclose(back, both, atol=1e-8)
    np.testing.assert_allclose(log_inverse, -log_slope, atol=1e-7)
    # The slope has no jumps, so that the density has none.
    assert jnp.abs(jnp.diff(log_slope)).max() < 0.05


def test_the_identity_leaves_all_as_it_is() -> None:
    x = jnp.linspace(-9, 9, 50).reshape(2, 25)
    one = jax.tree.map(lambda leaf: leaf[0], Margins.identity(1, 2, 5, 4.0))
    y, log_slope = one.forward(x)
    np.testing.assert_allclose(y, x, atol=1e-12)
    np.testing.assert_allclose(log_slope, 0, atol=1e-12)


def test_the_stack_is_inverted_and_its_log_determinant_is_that_of_its_jacobian(transform) -> None:
    x, nothing = 2 * jax.random.normal(jax.random.key(2), (3, 40)), jnp.zeros(0)
    z, log_det = transform.forward(x, nothing)
    back, log_inverse = transform.inverse(z, nothing)
    np.testing.assert_allclose(back, x, atol=1e-8)
    np.testing.assert_allclose(log_inverse, -log_det, atol=1e-8)
    jacobian = jax.vmap(jax.jacfwd(lambda t: transform.forward(t, nothing)[0]))(x.T)
    np.testing.assert_allclose(log_det, jnp.linalg.slogdet(jacobian)[1], atol=1e-8)
    assert jnp.abs(log_det).max() > 0.5  # far from what leaves volumes alone


def test_what_makes_no_map_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected at least 2 knots and an interval above 0"):
        Margins.identity(1, 2, 1, 4.0)
    with pytest.raises(ValueError, match="Expected at least 1 layer; got 0"):
        Gaussianization(2, layers=0, knots=5, interval=4.0, key=jax.random.key(0))
