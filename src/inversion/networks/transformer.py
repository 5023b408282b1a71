"""Increasing maps of one coordinate, whose parameters a network sets: the transformers of a flow.

The rational-quadratic spline of Durkan et al., 2019; two affine maps, whose scales cannot explode.
"""

import abc
import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from inversion.networks import spline


class AbstractTransformer(eqx.Module):
    """An increasing map of every value of an array, with as many parameters each along an axis in front.

    To write one, give the number of parameters, and a map that is the identity where they are zero.
    """

    @property
    @abc.abstractmethod
    def num_parameters(self) -> int:
        """Of one coordinate."""

    @abc.abstractmethod
    def forward(
        self, x: Float[Array, "*batch"], parameters: Float[Array, "p *batch"]
    ) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
        """y and log dy/dx."""

    @abc.abstractmethod
    def inverse(
        self, y: Float[Array, "*batch"], parameters: Float[Array, "p *batch"]
    ) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
        """x and log dx/dy."""


class Spline(AbstractTransformer):
    """A rational-quadratic spline with `knots` inner knots on [-interval, interval]."""

    knots: int = eqx.field(static=True)
    interval: float = eqx.field(static=True)

    @property
    def num_parameters(self) -> int:
        return spline.num_parameters(self.knots)

    def forward(
        self, x: Float[Array, "*batch"], parameters: Float[Array, "p *batch"]
    ) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
        return spline.forward(x, parameters, self.interval)

    def inverse(
        self, y: Float[Array, "*batch"], parameters: Float[Array, "p *batch"]
    ) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
        return spline.inverse(y, parameters, self.interval)


class AbstractAffine(AbstractTransformer):
    """y = s x + t, with the parameters (raw, t)."""

    @abc.abstractmethod
    def log_scale(self, raw: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
        """log s, zero where raw is."""

    @property
    def num_parameters(self) -> int:
        return 2

    def forward(
        self, x: Float[Array, "*batch"], parameters: Float[Array, "p *batch"]
    ) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
        log_scale = self.log_scale(parameters[0])
        return x * jnp.exp(log_scale) + parameters[1], log_scale

    def inverse(
        self, y: Float[Array, "*batch"], parameters: Float[Array, "p *batch"]
    ) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
        log_scale = self.log_scale(parameters[0])
        return (y - parameters[1]) * jnp.exp(-log_scale), -log_scale


class Affine(AbstractAffine):
    """s = softplus(asinh(raw) + log(e - 1)), which grows as log(raw) and falls as 1/raw (BayesFlow 2.0.12)."""

    def log_scale(self, raw: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
        return jnp.log(jax.nn.softplus(jnp.arcsinh(raw) + math.log(math.e - 1)))


class BoundedAffine(AbstractAffine):
    """log s = (2 bound / pi) atan(raw / bound), within +-bound (Ardizzone et al., 2019, arXiv 1907.02392)."""

    bound: float = eqx.field(static=True)

    def log_scale(self, raw: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
        return 2 * self.bound / jnp.pi * jnp.arctan(raw / self.bound)
