"""The autoregressive stack: inverse, log-determinant, and that a coordinate is moved by those before it alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.estimators.autoregressive import AutoregressiveFlow

pytestmark = pytest.mark.usefixtures("double")


def stack(dim, layers=2, **settings):
    small = {"knots": 3, "interval": 4.0, "width": 8, "depth": 2, "activation": "tanh", **settings}
    key = jax.random.key(0)
    return AutoregressiveFlow(
        key=key, theta_dim=dim, y_shape=(2,), layers=layers, **small
    ).transform


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_inverse_log_determinant_and_gradient(dim, shaken, check_transform):
    x = 2 * jax.random.normal(jax.random.key(1), (dim, 3))
    check_transform(shaken(stack(dim)), x, jax.random.normal(jax.random.key(2), (2, 3)))


def test_a_coordinate_reads_those_before_it_and_the_context():
    one, x = stack(4, layers=1, width=40), jnp.array([0.3, -1.0, 0.7, 0.2])
    jacobian = jax.jacfwd(lambda x, c: one.forward(x, c)[0][::-1], (0, 1))
    by_x, by_context = jax.jit(jacobian)(x, jnp.array([0.5, -0.4]))
    np.testing.assert_array_equal(np.triu(by_x, 1), 0.0)
    assert (np.abs(by_x)[np.tril_indices(4)] > 0).all()
    assert (np.abs(by_context) > 0).all()


@pytest.mark.parametrize("settings", [{"width": 3}, {"depth": 0}])
def test_too_few_hidden_units_are_refused(settings):
    with pytest.raises(
        ValueError, match="Expected a depth of at least 1 and a width of at least 4"
    ):
        stack(4, **settings)
