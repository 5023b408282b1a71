"""The coupling stack: inverse, log-determinant, and that no coordinate is left out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.networks.coupling import SplineCoupling, _permutations
from inversion.networks.spline import forward, inverse, num_parameters


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def stack(dim, layers=6, seed=0):
    return SplineCoupling(
        dim, 2, layers=layers, knots=5, interval=4.0, width=8, depth=1, key=jax.random.key(seed)
    )


@pytest.mark.parametrize("dim", [2, 5])
def test_inverse_and_log_determinant(dim):
    transform, context = stack(dim, layers=3), jnp.array([0.3, -1.0])
    x = 2 * jax.random.normal(jax.random.key(1), (20, dim))

    @jax.jit
    @jax.vmap
    def there_and_back(x):
        z, log_det = transform.forward(x, context)
        jacobian = jax.jacfwd(lambda x: transform.forward(x, context)[0])(x)
        return *transform.inverse(z, context), log_det, jnp.linalg.slogdet(jacobian)[1]

    back, log_det_back, log_det, expected = there_and_back(x)
    np.testing.assert_allclose(back, x, atol=1e-9)
    np.testing.assert_allclose(log_det_back, -log_det, atol=1e-9)
    np.testing.assert_allclose(log_det, expected, atol=1e-9)


@pytest.mark.parametrize("dim", [2, 3, 10])
def test_two_layers_in_a_row_move_every_coordinate(dim):
    for seed in range(5):
        order, moved = np.arange(dim), []
        for permutation in np.asarray(_permutations(jax.random.key(seed), 6, dim)):
            order = order[permutation]
            moved.append(set(order[dim // 2 :]))
        assert sorted(order) == list(range(dim))
        for first, second in zip(moved[::2], moved[1::2], strict=True):
            assert first | second == set(range(dim))


def test_every_coordinate_reads_the_context():
    transform = stack(10)
    x = jax.random.normal(jax.random.key(0), (10,))
    slope = jax.jit(jax.jacfwd(lambda c: transform.inverse(x, c)[0]))(jnp.array([0.3, -1.0]))
    assert (jnp.abs(slope).max(axis=1) > 0).all()


def test_spline_is_the_identity_at_zero_and_outside():
    zero = jnp.zeros(num_parameters(5))
    for x in (-7.0, -4.0, -1.3, 0.0, 3.9, 9.0):
        y, log_slope = forward(jnp.asarray(x), zero, 4.0)
        np.testing.assert_allclose([y, log_slope], [x, 0.0], atol=1e-9)


def test_spline_is_monotone_and_continuous():
    parameters = 3 * jax.random.normal(jax.random.key(2), (num_parameters(5),))
    x = jnp.linspace(-5, 5, 2_001)
    y, log_slope = jax.jit(jax.vmap(lambda x: forward(x, parameters, 4.0)))(x)
    assert (jnp.diff(y) > 0).all()
    assert jnp.abs(y - x)[jnp.abs(x) >= 4].max() == 0
    slope = jax.jit(jax.vmap(jax.grad(lambda x: forward(x, parameters, 4.0)[0])))(x)
    np.testing.assert_allclose(jnp.log(slope), log_slope, atol=1e-9)
    back, _ = jax.jit(jax.vmap(lambda y: inverse(y, parameters, 4.0)))(y)
    np.testing.assert_allclose(back, x, atol=1e-8)
