"""The activation of our own against JAX's, with its slope."""

import jax
import jax.numpy as jnp
import numpy as np

from inversion.networks.mlp import mish


def test_mish_is_mish():
    x = jnp.linspace(-60, 60, 2001)
    np.testing.assert_allclose(mish(x), jax.nn.mish(x), rtol=2e-6, atol=1e-7)
    slope, expected = (jax.vmap(jax.grad(f))(x) for f in (mish, jax.nn.mish))
    np.testing.assert_allclose(slope, expected, rtol=2e-5, atol=1e-6)
