"""Noise schedules of diffusion models, by the ratio sigma of noise to signal: z = (x + sigma e) / sqrt(1 + sigma^2).

The log-SNR is -2 ln sigma; z keeps variance one where x has it (the variance-preserving form).
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import ndtri
from jaxtyping import Array, Float


class AbstractSchedule(eqx.Module):
    """Which levels are trained, how they are weighted, and which path a sampler takes."""

    sigma_min: eqx.AbstractVar[float]
    sigma_max: eqx.AbstractVar[float]

    @abc.abstractmethod
    def trained(self, share: Float[Array, ""]) -> Float[Array, ""]:
        """The sigma below which this share of the training lies."""

    @abc.abstractmethod
    def weight(self, sigma: Float[Array, ""]) -> Float[Array, ""]:
        """The weight of the squared error of the noise."""

    @abc.abstractmethod
    def level(self, time: Float[Array, ""]) -> Float[Array, ""]:
        """Sigma at a time of the sampler's, from the least at 0 to the most at 1."""

    def clock(self, sigma: Float[Array, ""]) -> Float[Array, ""]:
        """What a network is told: the log-SNR, scaled to [0, 1]."""
        low, high = jnp.log(self.sigma_min), jnp.log(self.sigma_max)
        return (jnp.log(sigma) - low) / (high - low)


class EDM(AbstractSchedule):
    """Karras et al., 2022, table 1: ln sigma ~ N(p_mean, p_std^2); the weight makes the loss on F even."""

    sigma_min: float = eqx.field(static=True, default=0.002)
    sigma_max: float = eqx.field(static=True, default=80.0)
    sigma_data: float = eqx.field(static=True, default=1.0)
    rho: float = eqx.field(static=True, default=7.0)
    p_mean: float = eqx.field(static=True, default=-1.2)
    p_std: float = eqx.field(static=True, default=1.2)

    def trained(self, share: Float[Array, ""]) -> Float[Array, ""]:
        sigma = jnp.exp(self.p_mean + self.p_std * ndtri(share))
        return jnp.clip(sigma, self.sigma_min, self.sigma_max)

    def weight(self, sigma: Float[Array, ""]) -> Float[Array, ""]:
        return 1 + (sigma / self.sigma_data) ** 2

    def level(self, time: Float[Array, ""]) -> Float[Array, ""]:
        low, high = (s ** (1 / self.rho) for s in (self.sigma_min, self.sigma_max))
        return (low + time * (high - low)) ** self.rho


class Cosine(AbstractSchedule):
    """Nichol and Dhariwal, 2021: sigma = tan(pi t / 2), log-SNR within +-15; weight of Kingma and Gao, 2023."""

    sigma_min: float = eqx.field(static=True, default=5.5308437e-4)  # e^(-15 / 2)
    sigma_max: float = eqx.field(static=True, default=1808.0424)

    def trained(self, share: Float[Array, ""]) -> Float[Array, ""]:
        return self.level(share)

    def weight(self, sigma: Float[Array, ""]) -> Float[Array, ""]:
        return jax.nn.sigmoid(2 + 2 * jnp.log(sigma))

    def level(self, time: Float[Array, ""]) -> Float[Array, ""]:
        low, high = (jnp.arctan(s) for s in (self.sigma_min, self.sigma_max))
        return jnp.tan(low + time * (high - low))


SCHEDULES = {"edm": EDM, "cosine": Cosine}
