"""An invertible map of theta that a context sets: what a normalising flow is made of."""

import abc

import equinox as eqx
from jaxtyping import Array, Float


class AbstractTransform(eqx.Module):
    """z = T(x | context), for many columns x at once; the context has a column each, or is one for all."""

    @abc.abstractmethod
    def forward(
        self, x: Float[Array, "dim *batch"], context: Float[Array, "context *each"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, "*batch"]]:
        """z = T(x | context) and log |det dT/dx|."""

    @abc.abstractmethod
    def inverse(
        self, z: Float[Array, "dim *batch"], context: Float[Array, "context *each"]
    ) -> tuple[Float[Array, "dim *batch"], Float[Array, "*batch"]]:
        """x = T^-1(z | context) and log |det dT^-1/dz|."""
