"""cDiff's flow against its formula, written out layer by layer."""

import equinox as eqx
import jax
import numpy as np
import pytest

from inversion.estimators.cnf import CNF

WIDTH = 8


def conditioner(mlp, layer, x):
    (first, *hidden, last), (first_bias, *hidden_biases, last_bias) = (
        [np.asarray(a[layer], np.float64) for a in leaves] for leaves in (mlp.weights, mlp.biases)
    )
    assert len(hidden) == 3
    assert first.shape[1] == last.shape[0] == WIDTH
    h = x @ first + first_bias
    for weight, bias in zip(hidden, hidden_biases, strict=True):
        a = h @ weight + bias
        h = h + np.where(a > 0, a, np.expm1(a))
    return (h @ last + last_bias).reshape(-1, 2).T


def moved(x, raw, t, alpha=0.1):
    log_scale = 2 * alpha / np.pi * np.arctan(raw / alpha)
    return x * np.exp(log_scale) + t, log_scale.sum()


@pytest.mark.parametrize("dim", [2, 5])
def test_density_is_that_of_the_formula(dim):
    flow = CNF(key=jax.random.key(0), theta_dim=dim, y_shape=(3,), layers=4, width=WIDTH)
    rng = np.random.default_rng(1)
    theta, y = rng.normal(size=dim), rng.normal(size=3)
    second, first = flow.transform.conditioners
    x, log_det = theta, 0.0
    for layer, permutation in enumerate(np.asarray(flow.transform.mixing.indices)):
        a, b = np.array_split(x[permutation], 2)  # the first half is the larger one
        b, slope_b = moved(b, *conditioner(second, layer, np.append(a, y)))
        a, slope_a = moved(a, *conditioner(first, layer, np.append(b, y)))
        x, log_det = np.append(a, b), log_det + slope_a + slope_b
    expected = log_det - 0.5 * np.sum(x**2 + np.log(2 * np.pi))
    found = eqx.filter_jit(flow.log_prob)(theta.astype(np.float32), y.astype(np.float32))
    assert float(found) == pytest.approx(expected, abs=1e-4)


def test_the_defaults_are_those_of_the_paper():
    flow = CNF(key=jax.random.key(0), theta_dim=5, y_shape=(3,))
    assert flow.transform.mixing.indices.shape == (32, 5)
    assert [leaf.shape[1:] for leaf in flow.transform.conditioners[0].weights] == [
        (3 + 3, 32),
        *[(32, 32)] * 3,
        (32, 2 * 2),
    ]
    assert flow.transform.transformer.bound == 0.1


def test_one_dimension_reads_the_observation_alone():
    flow = CNF(key=jax.random.key(0), theta_dim=1, y_shape=(3,), layers=3)
    sample = eqx.filter_jit(flow.sample)
    low, high = (sample(jax.random.key(1), np.full(3, y, np.float32), 50) for y in (-2.0, 2.0))
    assert low.shape == (50, 1)
    assert (low != high).all()
