"""A stack of masked autoregressive layers z = T(x | context): coordinate i is moved by those before it.

Papamakarios, Pavlakou and Murray, 2017 (masked autoregressive flow), by the masks of Germain et al., MADE, 2015;
with splines Durkan et al., 2019. The density takes one pass a layer, a draw one for each coordinate.
"""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.conditioner import condition
from inversion.networks.mlp import MLP
from inversion.networks.transform import AbstractTransform
from inversion.networks.transformer import AbstractTransformer


class Autoregressive(AbstractTransform):
    """`layers` of them; after each the order of the coordinates is reversed."""

    conditioners: MLP  # its leaves are stacked along the layers
    transformer: AbstractTransformer

    def __init__(
        self,
        dim: int,
        context_dim: int,
        *,
        transformer: AbstractTransformer,
        layers: int,
        width: int,
        depth: int,
        activation: str = "relu",
        key: PRNGKeyArray,
    ) -> None:
        if depth < 1 or width < dim:
            raise ValueError(
                f"Expected a depth of at least 1 and a width of at least {dim}, one hidden unit for each "
                f"coordinate; got {depth} and {width}."
            )
        self.transformer = transformer
        out = dim * transformer.num_parameters
        settings = {"width": width, "depth": depth, "activation": activation}
        one = lambda key: MLP(dim + context_dim, out, **settings, key=key)  # noqa: E731
        self.conditioners = eqx.filter_vmap(one)(jax.random.split(key, layers))

    def forward(
        self, x: Float[Array, "dim *batch"], context: Float[Array, "context *each"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, "*batch"]]:
        arrays, static = eqx.partition(self.conditioners, eqx.is_array)
        masks = self._masks(len(x))

        def step(carry, leaves):
            x, log_det = carry
            out = condition(eqx.combine(leaves, static), x, context, masks=masks)
            parameters = out.reshape(len(x), -1, *x.shape[1:])
            z, slopes = jax.vmap(self.transformer.forward)(x, parameters)
            return (z[::-1], log_det + jnp.sum(slopes, axis=0)), None

        carry = (x, jnp.zeros(x.shape[1:], x.dtype))
        (z, log_det), _ = jax.lax.scan(step, carry, arrays)
        return z, log_det

    def inverse(
        self, z: Float[Array, "dim *batch"], context: Float[Array, "context *each"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, "*batch"]]:
        arrays, static = eqx.partition(self.conditioners, eqx.is_array)
        dim, masks = len(z), self._masks(len(z))

        def step(carry, leaves):
            z, log_det = carry
            conditioner, z = eqx.combine(leaves, static), z[::-1]

            def coordinate(carry, i):
                x, log_det = carry
                mlp, mask = _only(conditioner, i, dim), _columns(masks[-1], i, dim)
                parameters = condition(mlp, x, context, masks=[*masks[:-1], mask])
                moved, slope = self.transformer.inverse(z[i], parameters)
                return (x.at[i].set(moved), log_det + slope), None

            return jax.lax.scan(coordinate, (jnp.zeros_like(z), log_det), jnp.arange(dim))[0], None

        carry = (z, jnp.zeros(z.shape[1:], z.dtype))
        (x, log_det), _ = jax.lax.scan(step, carry, arrays, reverse=True)
        return x, log_det

    def _masks(self, dim: int) -> list[Float[Array, "into out"]]:
        """Unit h reads coordinates 1..degree and the context; output i reads units of lower degree."""
        weights = self.conditioners.weights
        hidden = [np.arange(weight.shape[-1]) % dim for weight in weights[:-1]]
        output = np.repeat(np.arange(dim), self.transformer.num_parameters)
        degrees = [np.arange(1, dim + 1), *hidden, output]
        return [
            jnp.asarray(reader >= read[:, None], weights[0].dtype)
            for read, reader in pairwise(degrees)
        ]


def _only(conditioner: MLP, i: Array, dim: int) -> MLP:
    """The network of coordinate i alone."""
    weight, bias = conditioner.weights[-1], conditioner.biases[-1]
    only = (_columns(weight, i, dim), bias.reshape(dim, -1)[i])
    return eqx.tree_at(lambda mlp: (mlp.weights[-1], mlp.biases[-1]), conditioner, only)


def _columns(weight: Array, i: Array, dim: int) -> Array:
    return weight.reshape(len(weight), dim, -1)[:, i]
