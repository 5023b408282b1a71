"""A stack of coupling layers z = T(x | context), scanned, so that compile time does not grow with depth.

Coupling: Dinh, Krueger and Bengio, NICE, 2014; affine in Dinh, Sohl-Dickstein and Bengio, 2017; with splines
Durkan et al., 2019. ActNorm and learned mixing: Kingma and Dhariwal, Glow, 2018.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.conditioner import condition
from inversion.networks.mlp import MLP
from inversion.networks.permutation import Permutations, Rotations
from inversion.networks.transform import AbstractTransform
from inversion.networks.transformer import AbstractTransformer


class ActNorm(eqx.Module):
    """z = exp(log_scale) x + bias, coordinate by coordinate; the identity to begin with, whatever the data."""

    log_scale: Float[Array, "*layers dim"]
    bias: Float[Array, "*layers dim"]

    def forward(
        self, x: Float[Array, "dim *batch"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, ""]]:
        scale, bias = (_columns(a, x) for a in (jnp.exp(self.log_scale), self.bias))
        return scale * x + bias, jnp.sum(self.log_scale)

    def inverse(
        self, z: Float[Array, "dim *batch"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, ""]]:
        scale, bias = (_columns(a, z) for a in (jnp.exp(-self.log_scale), self.bias))
        return scale * (z - bias), -jnp.sum(self.log_scale)


class Coupling(AbstractTransform):
    """Each layer mixes the coordinates; then the first `fixed` and the context set the maps of the others.

    A `dual` layer goes on to move the first `fixed` by the others. `residual` as in `condition`.
    """

    conditioners: list[MLP]  # of the second half, of the first; leaves stacked along the layers
    mixing: Permutations | Rotations
    act_norm: ActNorm | None
    transformer: AbstractTransformer
    fixed: int = eqx.field(static=True)
    residual: bool = eqx.field(static=True)

    def __init__(
        self,
        dim: int,
        context_dim: int,
        *,
        mixing: Permutations | Rotations,
        transformer: AbstractTransformer,
        width: int,
        depth: int,
        activation: str = "relu",
        act_norm: bool = False,
        dual: bool = False,
        residual: bool = False,
        fixed: int | None = None,
        key: PRNGKeyArray,
    ) -> None:
        layers = len(jax.tree.leaves(mixing)[0])
        self.mixing, self.transformer, self.residual = mixing, transformer, residual
        self.fixed = dim // 2 if fixed is None else fixed
        self.act_norm = ActNorm(*jnp.zeros((2, layers, dim))) if act_norm else None

        def conditioners(key: PRNGKeyArray, kept: int, moved: int) -> MLP:
            out = moved * transformer.num_parameters
            settings = {"width": width, "depth": depth, "activation": activation}
            one = lambda key: MLP(kept + context_dim, out, **settings, key=key)  # noqa: E731
            return eqx.filter_vmap(one)(jax.random.split(key, layers))

        halves = [(key, self.fixed, dim - self.fixed)]
        if dual:
            halves.append((jax.random.fold_in(key, 1), dim - self.fixed, self.fixed))
        self.conditioners = [conditioners(*half) for half in halves if half[-1]]

    def forward(
        self, x: Float[Array, "dim *batch"], context: Float[Array, "context *each"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, "*batch"]]:
        arrays, static = self._layers()

        def step(carry, leaves):
            x, log_det = carry
            conditioners, mixing, act_norm = eqx.combine(leaves, static)
            if act_norm is not None:
                x, slope = act_norm.forward(x)
                log_det += slope
            x = mixing.forward(x)
            for half, conditioner in enumerate(conditioners):
                kept, moved = self._halves(x, half)
                parameters = self._parameters(conditioner, kept, moved, context)
                moved, slopes = jax.vmap(self.transformer.forward)(moved, parameters)
                x = self._joined(kept, moved, half)
                log_det += jnp.sum(slopes, axis=0)
            return (x, log_det), None

        carry = (x, jnp.zeros(x.shape[1:], x.dtype))
        (z, log_det), _ = jax.lax.scan(step, carry, arrays)
        return z, log_det

    def inverse(
        self, z: Float[Array, "dim *batch"], context: Float[Array, "context *each"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, "*batch"]]:
        arrays, static = self._layers()

        def step(carry, leaves):
            z, log_det = carry
            conditioners, mixing, act_norm = eqx.combine(leaves, static)
            for half, conditioner in reversed(list(enumerate(conditioners))):
                kept, moved = self._halves(z, half)
                parameters = self._parameters(conditioner, kept, moved, context)
                moved, slopes = jax.vmap(self.transformer.inverse)(moved, parameters)
                z = self._joined(kept, moved, half)
                log_det += jnp.sum(slopes, axis=0)
            z = mixing.inverse(z)
            if act_norm is not None:
                z, slope = act_norm.inverse(z)
                log_det += slope
            return (z, log_det), None

        carry = (z, jnp.zeros(z.shape[1:], z.dtype))
        (x, log_det), _ = jax.lax.scan(step, carry, arrays, reverse=True)
        return x, log_det

    def _layers(self):
        """What is scanned, and the rest."""
        return eqx.partition((self.conditioners, self.mixing, self.act_norm), eqx.is_array)

    def _halves(self, x: Array, half: int) -> tuple[Array, Array]:
        """What is kept, what is moved."""
        first, second = x[: self.fixed], x[self.fixed :]
        return (second, first) if half else (first, second)

    def _joined(self, kept: Array, moved: Array, half: int) -> Array:
        return jnp.concatenate([moved, kept] if half else [kept, moved])

    def _parameters(self, conditioner: MLP, kept: Array, moved: Array, context: Array) -> Array:
        out = condition(conditioner, kept, context, residual=self.residual)
        return out.reshape(len(moved), -1, *out.shape[1:])


def _columns(a: Array, x: Array) -> Array:
    return a.reshape(a.shape + (1,) * (x.ndim - 1))
