"""Continuous-time consistency training on the circle x_t = cos(t) theta + sin(t) z (TrigFlow).

Lu and Song, 2024 (simplified, stabilised and scaled continuous-time consistency models, sCM), algorithm 1. BayesFlow's
sampler noises to one level and reads the network at the next, by noise of another size; here the levels agree.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import ndtri
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.consistency_model import AbstractConsistency
from inversion.networks.backbones.backbone import AbstractBackbone, backbone_of
from inversion.networks.backbones.mlp import MLPBackbone
from inversion.networks.mlp import MLP


class StableConsistency(AbstractConsistency):
    """theta = f(x_t, t) = cos(t) x_t - sin(t) sigma F(x_t / sigma, t), z ~ N(0, sigma^2 I), sigma that of theta.

    tan(t) = e^s / sigma with s ~ N(p_mean, p_std^2) is trained. The tangent is normalised by its norm plus `c`; the
    part of it that holds dF/dt comes in over the first share `warmup` of the training, from flow matching on. Time
    features of low `frequency` keep dF/dt quiet.
    A draw goes through `steps` levels sigma tan(t), those of `Consistency`. `backbone` names a network of images, with
    its settings, in place of the MLP whose settings stand before it.
    """

    network: AbstractBackbone
    weight: MLP
    dim: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    sigma: float = eqx.field(static=True)
    p_mean: float = eqx.field(static=True)
    p_std: float = eqx.field(static=True)
    c: float = eqx.field(static=True)
    warmup: float = eqx.field(static=True)
    eps: float = eqx.field(static=True)
    max_time: float = eqx.field(static=True)
    rho: float = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        width: int = 256,
        depth: int = 5,
        features: int = 32,
        frequency: float = 0.3,
        norm: bool = False,
        activation: str = "mish",
        backbone: Mapping[str, Any] | None = None,
        weight_width: int = 256,
        steps: int = 1,
        sigma: float = 1.0,
        p_mean: float = -1.0,
        p_std: float = 1.6,
        c: float = 0.1,
        warmup: float = 0.1,
        eps: float = 1e-3,
        max_time: float = 80.0,
        rho: float = 7.0,
    ) -> None:
        if steps < 1:
            raise ValueError(f"Expected at least 1 step; got {steps}.")
        if not 0 <= warmup <= 1:
            raise ValueError(f"Expected warmup in [0, 1]; got {warmup}.")
        if not 0 < eps < max_time:
            raise ValueError(f"Expected 0 < eps < max_time; got {eps} and {max_time}.")
        key_network, key_weight = jax.random.split(key)
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
        self.network = make(key=key_network, theta_dim=theta_dim, y_shape=y_shape)
        self.weight = MLP(1, 1, width=weight_width, depth=1, activation="mish", key=key_weight)
        self.dim, self.steps = theta_dim, steps
        self.sigma, self.p_mean, self.p_std = sigma, p_mean, p_std
        self.c, self.warmup = c, warmup
        self.eps, self.max_time, self.rho = eps, max_time, rho

    def denoised(
        self, x: Float[Array, " dim"], t: Float[Array, ""], y: Float[Array, "*event"]
    ) -> Float[Array, " dim"]:
        """f(x, t), which is x at t = 0."""
        raw = self.network(x / self.sigma, t, y)
        return jnp.cos(t) * x - jnp.sin(t) * self.sigma * raw

    def loss_at(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        share: Float[Array, ""],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        """e^w(t) |F - F* - g|^2 / dim - w(t): F* = F held fixed, g the normalised tangent, w learned."""
        t = jnp.arctan(jnp.exp(self.p_mean + self.p_std * ndtri(share)) / self.sigma)
        noise = self.sigma * jax.random.normal(key, theta.shape, theta.dtype)
        raw, tangent = self.tangent(theta, noise, t, y, progress)
        target = jax.lax.stop_gradient(raw) + tangent / (jnp.linalg.norm(tangent) + self.c)
        log_weight = self.weight(t[None])[0]
        return jnp.exp(log_weight) * jnp.mean((raw - target) ** 2) - log_weight

    def tangent(
        self,
        theta: Float[Array, " dim"],
        noise: Float[Array, " dim"],
        t: Float[Array, ""],
        y: Float[Array, "*event"],
        progress: Float[Array, ""],
    ) -> tuple[Float[Array, " dim"], Float[Array, " dim"]]:
        """F, and cos(t) df/dt along dx/dt = cos(t) z - sin(t) theta, held fixed; f holds -sin(t) sigma F, so that
        a step of F along it makes f vary less:

        cos(t) df/dt = cos^2(t) (dx/dt - sigma F) - r cos(t) sin(t) (x + sigma dF/dt), r = 1 after the warm-up.
        """
        cos, sin = jnp.cos(t), jnp.sin(t)
        x, velocity = cos * theta + sin * noise, cos * noise - sin * theta
        network = lambda x, t: self.network(x, t, y)  # noqa: E731
        # dF/dt times cos sin sigma is the derivative along directions that large.
        directions = (cos * sin * velocity, cos * sin * self.sigma)
        raw, change = jax.jvp(network, (x / self.sigma, t), directions)
        ready = jnp.minimum(progress / self.warmup, 1.0) if self.warmup else 1.0
        still, change = jax.lax.stop_gradient((raw, change))
        away = cos**2 * (velocity - self.sigma * still)
        return raw, away - ready * (cos * sin * x + change)

    def step(
        self,
        theta: Float[Array, " dim"],
        noise: Float[Array, " dim"],
        level: Float[Array, ""],
        y: Float[Array, "*event"],
    ) -> Float[Array, " dim"]:
        """theta = f(x, t) of x = cos(t) theta + sin(t) sigma e, tan(t) = level / sigma."""
        t = jnp.arctan(level / self.sigma)
        return self.denoised(jnp.cos(t) * theta + jnp.sin(t) * self.sigma * noise, t, y)
