"""What the tests of invertible networks share."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def shaken():
    """A module away from its start, where a map may be the identity whatever its code."""

    def shake(module, scale=0.3, seed=7):
        leaves, treedef = jax.tree.flatten(module)
        keys = jax.random.split(jax.random.key(seed), len(leaves))
        leaves = [
            leaf + scale * jax.random.normal(k, leaf.shape) if eqx.is_inexact_array(leaf) else leaf
            for leaf, k in zip(leaves, keys, strict=True)
        ]
        return jax.tree.unflatten(treedef, leaves)

    return shake


@pytest.fixture
def check_transform():
    """The inverse undoes, both log-determinants are those of the Jacobian, and every parameter has a gradient."""

    def check(transform, x, context, atol=1e-8):
        @quickly_compiled
        def run(x, context):
            z, log_det = transform.forward(x, context)
            one = jax.vmap(transform.forward, in_axes=1)(x, context)
            jacobian = jax.vmap(jax.jacfwd(transform.forward, has_aux=True), in_axes=1)
            expected = jnp.linalg.slogdet(jacobian(x, context)[0])[1]
            return z, log_det, one, expected, transform.inverse(z, context)

        z, log_det, one, expected, (back, log_det_back) = run(x, context)
        np.testing.assert_allclose(log_det, expected, atol=atol)
        np.testing.assert_allclose(back, x, atol=atol)
        np.testing.assert_allclose(log_det_back, -log_det, atol=atol)
        np.testing.assert_allclose(one[0].T, z, atol=atol)
        np.testing.assert_allclose(one[1], log_det, atol=atol)

        parameters, static = eqx.partition(transform, eqx.is_inexact_array)

        @quickly_compiled
        def gradient(parameters):
            def loss(parameters):
                z, log_det = eqx.combine(parameters, static).forward(x, context)
                return jnp.mean(log_det - jnp.sum(z**2, axis=0))

            return jax.grad(loss)(parameters)

        for leaf in jax.tree.leaves(gradient(parameters)):
            assert (jnp.abs(leaf.reshape(len(leaf), -1)).max(axis=1) > 0).all()

    return check


def quickly_compiled(function):
    """Many combinations are run once each: hardly any time goes into making them fast."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0})
