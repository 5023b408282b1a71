"""The network of velocities and denoisers: it starts at zero, and with a norm as without every leaf is used."""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from inversion.networks.time_mlp import TimeMLP


@pytest.mark.parametrize("norm", [False, True])
def test_it_starts_at_zero_and_reads_all_that_it_is_given(norm):
    network = TimeMLP(2, 3, width=8, depth=2, features=4, norm=norm, key=jax.random.key(0))
    x, t, context = jnp.array([0.3, -1.0]), jnp.asarray(0.4), jnp.arange(3.0)
    assert (network(x, t, context) == 0).all()
    network = eqx.tree_at(lambda n: n.out, network, jnp.arange(16.0).reshape(8, 2) ** 2)
    slopes = jax.grad(lambda *inputs: network(*inputs).sum(), argnums=(0, 1, 2))(x, t, context)
    assert all((jnp.abs(slope) > 1e-6).all() for slope in slopes)


def test_an_odd_number_of_features_is_refused():
    with pytest.raises(ValueError, match="Expected an even number of features of the time; got 5"):
        TimeMLP(2, 3, features=5, key=jax.random.key(0))
