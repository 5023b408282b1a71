"""A stack of spline coupling layers z = T(x | context), scanned, so that compile time does not grow with depth.

Coupling: Dinh, Krueger and Bengio, NICE, 2014; with splines: Durkan et al., 2019.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from inversion.networks import spline
from inversion.networks.mlp import MLP

MAX_UNROLL = 8  # forward, for training: 8 to 25 % faster than rolled, little more to compile


class SplineCoupling(eqx.Module):
    """`layers` couplings: half the coordinates and the context set the splines of the other half.

    Before each layer but the first the coordinates are permuted: by turns the halves change places and, in more
    than two dimensions, all are shuffled.
    """

    conditioners: MLP  # its leaves are stacked along a leading axis of size `layers`
    permutations: Int[Array, "layers dim"]
    interval: float = eqx.field(static=True)
    fixed: int = eqx.field(static=True)

    def __init__(
        self,
        dim: int,
        context_dim: int,
        *,
        layers: int,
        knots: int,
        interval: float,
        width: int,
        depth: int,
        activation: str = "relu",
        key: PRNGKeyArray,
    ) -> None:
        key_permute, key_init = jax.random.split(key)
        self.fixed = dim // 2
        self.interval = interval

        def conditioner(k: PRNGKeyArray) -> MLP:
            out = (dim - self.fixed) * spline.num_parameters(knots)
            return MLP(
                self.fixed + context_dim,
                out,
                width=width,
                depth=depth,
                activation=activation,
                key=k,
            )

        # Compiled as one: op by op this takes seconds in a fresh process.
        initialise = eqx.filter_jit(eqx.filter_vmap(conditioner))
        self.conditioners = initialise(jax.random.split(key_init, layers))
        self.permutations = _permutations(key_permute, layers, dim)

    def forward(
        self, x: Float[Array, " dim"], context: Float[Array, " context"]
    ) -> tuple[Float[Array, " dim"], Float[Array, ""]]:
        """z = T(x | context) and log |det dT/dx|."""
        arrays, static = eqx.partition(self.conditioners, eqx.is_array)

        def layer(carry, leaves):
            x, log_det = carry
            conditioner, permutation = leaves
            x = x[permutation]
            parameters = self._parameters(eqx.combine(conditioner, static), x, context)
            moved, slopes = jax.vmap(spline.forward, (0, 0, None))(
                x[self.fixed :], parameters, self.interval
            )
            return (jnp.concatenate([x[: self.fixed], moved]), log_det + jnp.sum(slopes)), None

        carry = (x, jnp.zeros((), x.dtype))
        layers = (arrays, self.permutations)
        unroll = min(MAX_UNROLL, len(self.permutations))
        (z, log_det), _ = jax.lax.scan(layer, carry, layers, unroll=unroll)
        return z, log_det

    def inverse(
        self, z: Float[Array, " dim"], context: Float[Array, " context"]
    ) -> tuple[Float[Array, " dim"], Float[Array, ""]]:
        """x = T^-1(z | context) and log |det dT^-1/dz|."""
        arrays, static = eqx.partition(self.conditioners, eqx.is_array)

        def layer(carry, leaves):
            z, log_det = carry
            conditioner, permutation = leaves
            parameters = self._parameters(eqx.combine(conditioner, static), z, context)
            moved, slopes = jax.vmap(spline.inverse, (0, 0, None))(
                z[self.fixed :], parameters, self.interval
            )
            x = jnp.concatenate([z[: self.fixed], moved])
            return (x[jnp.argsort(permutation)], log_det + jnp.sum(slopes)), None

        carry = (z, jnp.zeros((), z.dtype))
        (x, log_det), _ = jax.lax.scan(layer, carry, (arrays, self.permutations), reverse=True)
        return x, log_det

    def _parameters(self, conditioner: MLP, x: Array, context: Array) -> Float[Array, "moved p"]:
        out = conditioner(jnp.concatenate([x[: self.fixed], context]))
        return out.reshape(x.shape[0] - self.fixed, -1)


def _permutations(key: PRNGKeyArray, layers: int, dim: int) -> Int[Array, "layers dim"]:
    """Every second layer is fed what the one before moved first, so that two in a row move every coordinate;
    drawn at random alone, one coordinate in 2^layers would never be moved at all."""
    identity = jnp.arange(dim)
    swap = jnp.roll(identity, -(dim // 2))
    shuffles = [jax.random.permutation(k, dim) for k in jax.random.split(key, layers)]
    rows = [swap if dim == 2 or layer % 2 else shuffles[layer] for layer in range(1, layers)]
    return jnp.stack([identity, *rows])
