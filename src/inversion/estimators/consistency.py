"""Consistency training: f(x + t z, t) = f(x + s z, s) along the noise levels of a grid that grows finer.

Song, Dhariwal, Chen and Sutskever, 2023; the loss, the schedule and the law of the levels are those of Song and
Dhariwal, 2023 (improved consistency training). For posteriors Schmitt et al., 2024. BayesFlow takes the pseudo-Huber
loss of each coordinate; here it is the paper's, of the vector.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.consistency_model import AbstractConsistency, karras
from inversion.networks.backbones.backbone import AbstractBackbone, backbone_of
from inversion.networks.backbones.mlp import MLPBackbone


def share_of(level: Float[Array, ""], low: float, high: float, rho: float) -> Float[Array, ""]:
    """The inverse of `karras`."""
    low, high = low ** (1 / rho), high ** (1 / rho)
    return (level ** (1 / rho) - low) / (high - low)


class Consistency(AbstractConsistency):
    """theta = f(z, t) at every level t of noise z: drawn in one step, or in several with fresh noise between.

    `s0` and `s1` are the intervals of the grid at the start and at the end; it is doubled on the way. The levels
    lie between `eps` and `max_time` by `rho`, and are trained as if ln t ~ N(p_mean, p_std^2). The network reads
    z brought to standard deviation one and ln t brought to [0, 1]. `backbone` names a network of images, with its
    settings, in place of the MLP whose settings stand before it.
    """

    network: AbstractBackbone
    dim: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    s0: int = eqx.field(static=True)
    s1: int = eqx.field(static=True)
    eps: float = eqx.field(static=True)
    max_time: float = eqx.field(static=True)
    rho: float = eqx.field(static=True)
    p_mean: float = eqx.field(static=True)
    p_std: float = eqx.field(static=True)
    sigma_data: float = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        width: int = 256,
        depth: int = 5,
        features: int = 32,
        frequency: float = 1.0,
        norm: bool = False,
        activation: str = "mish",
        backbone: Mapping[str, Any] | None = None,
        steps: int = 1,
        s0: int = 10,
        s1: int = 150,
        eps: float = 1e-3,
        max_time: float = 80.0,
        rho: float = 7.0,
        p_mean: float = -1.1,
        p_std: float = 2.0,
        sigma_data: float = 1.0,
    ) -> None:
        if steps < 1:
            raise ValueError(f"Expected at least 1 step; got {steps}.")
        if not 1 <= s0 <= s1:
            raise ValueError(f"Expected 1 <= s0 <= s1; got {s0} and {s1}.")
        if not 0 < eps < max_time:
            raise ValueError(f"Expected 0 < eps < max_time; got {eps} and {max_time}.")
        mlp = partial(
            MLPBackbone,
            width=width,
            depth=depth,
            features=features,
            frequency=frequency,
            norm=norm,
            activation=activation,
        )
        make = mlp if backbone is None else partial(backbone_of, backbone)
        self.network = make(key=key, theta_dim=theta_dim, y_shape=y_shape)
        self.dim, self.steps = theta_dim, steps
        self.s0, self.s1 = s0, s1
        self.eps, self.max_time, self.rho = eps, max_time, rho
        self.p_mean, self.p_std, self.sigma_data = p_mean, p_std, sigma_data

    def denoised(
        self, x: Float[Array, " dim"], t: Float[Array, ""], y: Float[Array, "*event"]
    ) -> Float[Array, " dim"]:
        """f(x, t) = c_skip x + c_out F, which is x at t = eps."""
        size = jnp.sqrt(t**2 + self.sigma_data**2)
        past = t - self.eps
        skip = self.sigma_data**2 / (past**2 + self.sigma_data**2)
        out = self.sigma_data * past / size
        clock = jnp.log(t / self.eps) / math.log(self.max_time / self.eps)
        return skip * x + out * self.network(x / size, clock, y)

    def intervals(self, progress: Float[Array, ""]) -> Float[Array, ""]:
        """N - 1 = min(s0 2^floor(k / K'), s1) at the step k = progress K, K' = K / (log2 floor(s1 / s0) + 1)."""
        doublings = jnp.floor(progress * (math.log2(self.s1 // self.s0) + 1))
        return jnp.minimum(self.s0 * 2**doublings, 1.0 * self.s1)

    def levels(
        self, share: Float[Array, ""], intervals: Float[Array, ""]
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """The interval (t_i, t_i+1) below which this share of the training lies.

        P(i) is proportional to erf((ln t_i+1 - p_mean) / (sqrt 2 p_std)) less the same at t_i: that a log-normal
        level, cut off at the grid's ends, falls into the interval.
        """
        low, high = (
            ndtr((math.log(t) - self.p_mean) / self.p_std) for t in (self.eps, self.max_time)
        )
        level = jnp.exp(self.p_mean + self.p_std * ndtri(low + share * (high - low)))
        ends = (self.eps, self.max_time, self.rho)
        index = jnp.clip(jnp.floor(share_of(level, *ends) * intervals), 0, intervals - 1)
        return karras(index / intervals, *ends), karras((index + 1) / intervals, *ends)

    def loss_at(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        share: Float[Array, ""],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        """(sqrt(|f(x + t_i z, t_i) - f(x + t_i+1 z, t_i+1)|^2 + c^2) - c) / (t_i+1 - t_i), c = 0.00054 sqrt(dim)."""
        below, above = self.levels(share, self.intervals(progress))
        noise = jax.random.normal(key, theta.shape, theta.dtype)
        teacher = jax.lax.stop_gradient(self.denoised(theta + below * noise, below, y))
        gap = self.denoised(theta + above * noise, above, y) - teacher
        c = 0.00054 * self.dim**0.5
        return (jnp.sqrt(jnp.sum(gap**2) + c**2) - c) / (above - below)

    def step(
        self,
        theta: Float[Array, " dim"],
        noise: Float[Array, " dim"],
        level: Float[Array, ""],
        y: Float[Array, "*event"],
    ) -> Float[Array, " dim"]:
        """Song et al., 2023, algorithm 1."""
        return self.denoised(theta + jnp.sqrt(level**2 - self.eps**2) * noise, level, y)
