"""The coupling stack in every combination: inverse, log-determinant, and that no coordinate is left out."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.estimators.flow import Flow
from inversion.networks.permutation import PERMUTATIONS, alternating

pytestmark = pytest.mark.usefixtures("double")

COMBINATIONS = list(product(("spline", "affine"), (False, True), PERMUTATIONS, (False, True)))
SMALL = {"layers": 2, "knots": 3, "interval": 4.0, "width": 6, "depth": 1, "activation": "tanh"}


def stack(dim, seed=0, **settings):
    settings = {**SMALL, **settings}
    key = jax.random.key(seed)
    return Flow(key=key, theta_dim=dim, y_shape=(2,), **settings).transform


def inputs(dim):
    x = 2 * jax.random.normal(jax.random.key(1), (dim, 3))
    return x, jax.random.normal(jax.random.key(2), (2, 3))


@pytest.mark.parametrize(("transform", "act_norm", "permutation", "dual"), COMBINATIONS)
def test_inverse_log_determinant_and_gradient(
    transform, act_norm, permutation, dual, shaken, check_transform
):
    made = stack(3, transform=transform, act_norm=act_norm, permutation=permutation, dual=dual)
    check_transform(shaken(made), *inputs(3))


@pytest.mark.parametrize("dim", [1, 2, 5])
@pytest.mark.parametrize("dual", [False, True])
def test_inverse_log_determinant_and_gradient_in_other_dimensions(
    dim, dual, shaken, check_transform
):
    check_transform(shaken(stack(dim, dual=dual)), *inputs(dim))


def test_a_context_shared_by_all_columns_is_that_of_each(shaken):
    transform, (x, context) = shaken(stack(3, dual=True)), inputs(3)
    each = jnp.broadcast_to(context[:, :1], context.shape)
    for function in (transform.forward, transform.inverse):
        for got, expected in zip(function(x, context[:, 0]), function(x, each), strict=True):
            np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("dim", [2, 3, 10])
def test_two_layers_in_a_row_move_every_coordinate(dim):
    for seed in range(5):
        order, moved = np.arange(dim), []
        for permutation in np.asarray(alternating(jax.random.key(seed), 6, dim).indices):
            order = order[permutation]
            moved.append(set(order[dim // 2 :]))
        assert sorted(order) == list(range(dim))
        for first, second in zip(moved[::2], moved[1::2], strict=True):
            assert first | second == set(range(dim))


@pytest.mark.parametrize("permutation", PERMUTATIONS)
def test_every_coordinate_reads_the_context(permutation):
    transform = stack(10, permutation=permutation)
    x = jax.random.normal(jax.random.key(0), (10,))
    slope = jax.jit(jax.jacfwd(lambda c: transform.inverse(x, c)[0]))(jnp.array([0.3, -1.0]))
    assert (jnp.abs(slope).max(axis=1) > 0).all()


def test_a_dual_layer_moves_every_coordinate():
    transform, (x, context) = stack(5, layers=1, dual=True), inputs(5)
    assert (jnp.abs(transform.forward(x, context)[0] - x) > 1e-4).all()


def test_rotations_are_orthogonal_whatever_is_learned():
    rotations = PERMUTATIONS["orthogonal"](jax.random.key(0), 3, 7)
    matrices = jax.vmap(lambda one: one.matrix())(rotations)
    for matrix in np.asarray(matrices):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(7), atol=1e-12)
        assert np.abs(matrix).max() < 0.99  # no permutation


def test_act_norm_starts_as_the_identity():
    with_norm, without = (stack(3, act_norm=given) for given in (True, False))
    x, context = inputs(3)
    for a, b in zip(with_norm.forward(x, context), without.forward(x, context), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("setting", ["transform", "permutation", "base"])
def test_a_setting_that_is_none_is_refused(setting):
    with pytest.raises(ValueError, match=f"Expected a {setting} among .*; got 'splin'"):
        stack(2, **{setting: "splin"})
