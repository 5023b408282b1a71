"""Any normalising flow can be the prior that refinements plug in, and nothing else can."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.estimators.flow_prior import FlowPrior

SMALL = {"layers": 3, "width": 16, "depth": 1}
FLOWS = {
    "flow": {**SMALL, "knots": 5},
    "autoregressive": {**SMALL, "knots": 5},
    "cnf": {"layers": 4, "width": 8, "bound": 0.5},
    "gaussianization": {"layers": 3, "knots": 6},
}
Y = jnp.zeros(1)


def prior(kind: str, **settings) -> FlowPrior:
    flow = {"kind": kind, **settings}
    made = FlowPrior(key=jax.random.key(0), theta_dim=3, y_shape=(1,), flow=flow)
    leaves, treedef = jax.tree.flatten(made)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    shaken = [
        leaf + 0.1 * jax.random.normal(key, leaf.shape) if leaf.dtype.kind == "f" else leaf
        for leaf, key in zip(leaves, keys)
    ]
    return jax.tree.unflatten(treedef, shaken)


@pytest.fixture(params=FLOWS)
def model(request):
    with jax.enable_x64(True):
        yield prior(request.param, **FLOWS[request.param])


def test_the_map_its_inverse_and_the_density_belong_together(model) -> None:
    theta = jax.random.normal(jax.random.key(2), (3,))
    z = model.to_latent(theta)
    assert jnp.abs(z - theta).max() > 0.01
    np.testing.assert_allclose(model.from_latent(z), theta, atol=1e-8)
    slope = jnp.linalg.slogdet(jax.jacfwd(model.to_latent)(theta))[1]
    expected = slope - 0.5 * jnp.sum(z**2 + jnp.log(2 * jnp.pi))
    np.testing.assert_allclose(model.log_prob(theta, Y), expected, atol=1e-9)


def test_the_score_is_the_density_s_slope(model) -> None:
    """And that of z = T(theta) pulled back, with the slope of the log-determinant."""
    theta = jax.random.normal(jax.random.key(3), (3,))
    score = jax.grad(model.log_prob)(theta, Y)
    steps = 1e-6 * jnp.eye(3)
    change = [(model.log_prob(theta + h, Y) - model.log_prob(theta - h, Y)) / 2e-6 for h in steps]
    np.testing.assert_allclose(score, jnp.array(change), atol=1e-6)
    jacobian = jax.jacfwd(model.to_latent)
    pulled = -jacobian(theta).T @ model.to_latent(theta)
    slope = jax.grad(lambda t: jnp.linalg.slogdet(jacobian(t))[1])(theta)
    np.testing.assert_allclose(score, pulled + slope, atol=1e-8)


@pytest.mark.parametrize(
    ("flow", "message"),
    [
        ({"kind": "mixture_head"}, "Expected a normalising flow; got 'mixture_head'."),
        ({"kind": "flow", "base": "student_t"}, "Expected a flow with the base 'normal'"),
    ],
)
def test_what_has_no_map_to_a_normal_is_refused(flow, message) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        FlowPrior(key=jax.random.key(0), theta_dim=3, y_shape=(1,), flow=flow)
