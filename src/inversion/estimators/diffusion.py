"""Diffusion: learn to take noise out of theta at every level of it, and draw by going from noise to none.

Ho, Jain and Abbeel, 2020; Song et al., 2021; Karras et al., 2022 (EDM), whose denoiser x(z, sigma, y) everything here
is written in: a prediction of any kind is turned into it, the samplers and the density read nothing else.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.denoising import (
    Denoiser,
    by_levels,
    by_multistep,
    circle,
    probability_flow,
    two_step_sde,
)
from inversion.estimators.estimator import AbstractEstimator
from inversion.estimators.from_noise import from_noise, log_density, stratified
from inversion.integrate import solve
from inversion.networks.backbones.backbone import IMAGE_AXES, AbstractBackbone, backbone_of
from inversion.networks.backbones.mlp import MLPBackbone
from inversion.networks.schedules import SCHEDULES, AbstractSchedule
from inversion.posterior import AbstractDensity

READ_THE_NOISE = ("noise", "score")  # predictions that are of the noise however much of it there is
BY_LEVELS = {
    "multistep": by_multistep,
    "heun": partial(by_levels, second_order=True),
    "euler": partial(by_levels, second_order=False),
}
SOLVERS = (*BY_LEVELS, "two_step_sde", "tsit5")
VALIDATION_LEVELS = 8  # for each pair that is held out, evenly spread


class Prediction(NamedTuple):
    """What a network may predict, of z = alpha x + sigma e, where (alpha, sigma) is a point of the unit circle.

    `target` is of (x, e, alpha, sigma), `denoised` of (z, prediction, alpha, sigma); an error of the prediction
    is one of the noise `error` times as large.
    """

    target: Callable[[Array, Array, Array, Array], Array]
    denoised: Callable[[Array, Array, Array, Array], Array]
    error: Callable[[Array, Array], Array]


PREDICTIONS = {
    "x": Prediction(lambda x, e, a, s: x, lambda z, p, a, s: p, lambda a, s: a / s),
    "noise": Prediction(
        lambda x, e, a, s: e, lambda z, p, a, s: (z - s * p) / a, lambda a, s: jnp.ones_like(a)
    ),
    "velocity": Prediction(
        lambda x, e, a, s: a * e - s * x, lambda z, p, a, s: a * z - s * p, lambda a, s: a
    ),
    "score": Prediction(
        lambda x, e, a, s: -e / s, lambda z, p, a, s: (z + s**2 * p) / a, lambda a, s: s
    ),
}


def preconditioned(data: float) -> Prediction:
    """F of Karras et al., 2022, table 1, for data of standard deviation `data`: x = c_skip z / alpha + c_out F."""

    def skip(a: Array, s: Array) -> Array:
        return data**2 * a / (s**2 + (data * a) ** 2)  # c_skip / alpha, with sigma = s / a

    def out(a: Array, s: Array) -> Array:
        return s * data / jnp.sqrt(s**2 + (data * a) ** 2)

    return Prediction(
        lambda x, e, a, s: (x - skip(a, s) * (a * x + s * e)) / out(a, s),
        lambda z, p, a, s: skip(a, s) * z + out(a, s) * p,
        lambda a, s: out(a, s) * a / s,
    )


def with_flag(y_shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of what may be dropped: y and a one."""
    if len(y_shape) == IMAGE_AXES:
        return (*y_shape[:-1], y_shape[-1] + 1)
    return (math.prod(y_shape) + 1,)


class Diffusion(AbstractEstimator, AbstractDensity):
    """q(theta | y): N(0, I) carried along the probability flow of the learned denoiser, or back along its SDE.

    `schedule`: edm or cosine. `prediction`: F, velocity, noise, x or score. `solver`: multistep (Lu et al., 2022),
    heun or euler (Karras et al., algorithm 1, no churn), in `steps` levels of noise, the last pass a denoising;
    tsit5, adaptive by `rtol` and `atol`; or two_step_sde (Jolicoeur-Martineau et al., 2021), adaptive for each
    draw. The density is that of the probability flow, whichever solver draws.

    `damped` lets the network read alpha z, not z: what z says of theta fades as the noise grows, and so does what
    the network can make of it, which keeps the slope of the denoised in z, that guidance and composition live
    on, from going astray where there is little to train it. With `drop` > 0 that share of the pairs is trained
    without y, and `unconditional` gives the posterior's average. `backbone` names a network of images, with its
    settings, in place of the MLP whose settings stand before it.
    """

    network: AbstractBackbone
    schedule: AbstractSchedule
    dim: int = eqx.field(static=True)
    context_shape: tuple[int, ...] = eqx.field(static=True)
    prediction: str = eqx.field(static=True)
    drop: float = eqx.field(static=True)
    solver: str = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    rtol: float = eqx.field(static=True)
    atol: float = eqx.field(static=True)
    sigma_data: float = eqx.field(static=True)
    damped: bool = eqx.field(static=True)
    reads_y: ClassVar[bool] = True

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
        schedule: str = "edm",
        prediction: str = "F",
        sigma_data: float = 1.0,
        damped: bool = True,
        drop: float = 0.0,
        solver: str = "multistep",
        steps: int = 30,
        rtol: float = 1e-4,
        atol: float = 1e-6,
    ) -> None:
        for what, name, names in (
            ("schedule", schedule, SCHEDULES),
            ("prediction", prediction, ("F", *PREDICTIONS)),
            ("solver", solver, SOLVERS),
        ):
            if name not in names:
                raise ValueError(f"Expected a {what} among {', '.join(names)}; got {name!r}.")
        if not 0 <= drop < 1:
            raise ValueError(f"Expected drop in [0, 1); got {drop}.")
        if steps < 2:
            raise ValueError(f"Expected at least 2 steps; got {steps}.")
        y_shape = y_shape if self.reads_y else (0,)
        shape = with_flag(y_shape) if drop else tuple(y_shape)
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
        self.network = make(key=key, theta_dim=theta_dim, y_shape=shape)
        given = {"sigma_data": sigma_data} if schedule == "edm" else {}
        self.schedule = SCHEDULES[schedule](**given)
        self.dim, self.context_shape = theta_dim, shape
        self.prediction, self.drop = prediction, drop
        self.solver, self.steps, self.rtol, self.atol = solver, steps, rtol, atol
        self.sigma_data = sigma_data
        self.damped = damped and prediction not in READ_THE_NOISE

    @property
    def passes(self) -> int:
        return {"multistep": self.steps, "euler": self.steps, "heun": 2 * self.steps - 1}.get(
            self.solver, 1
        )

    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        del progress
        key, key_share = jax.random.split(key)
        return self._error(theta, y, jax.random.uniform(key_share, (), theta.dtype), key)

    def batch_loss(
        self,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n *event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        """With levels of noise that are spread evenly over the batch (Kingma et al., 2021, appendix I.1)."""
        del progress
        key, key_shares = jax.random.split(key)
        shares = stratified(key_shares, len(theta), theta.dtype)
        keys = jax.random.split(key, len(theta))
        return jnp.mean(jax.vmap(self._error)(theta, y, shares, keys))

    def validation_loss(
        self, theta: Float[Array, " dim"], y: Float[Array, "*event"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        shares = (jnp.arange(VALIDATION_LEVELS, dtype=theta.dtype) + 0.5) / VALIDATION_LEVELS
        keys = jax.random.split(key, VALIDATION_LEVELS)
        return jnp.mean(jax.vmap(lambda s, k: self._error(theta, y, s, k))(shares, keys))

    def _error(
        self, theta: Float[Array, " dim"], y: Array, share: Float[Array, ""], key: PRNGKeyArray
    ) -> Float[Array, ""]:
        key_noise, key_drop = jax.random.split(key)
        noise = jax.random.normal(key_noise, theta.shape, theta.dtype)
        ratio = self.schedule.trained(share)
        alpha, sigma = circle(ratio)
        kept = jax.random.bernoulli(key_drop, 1 - self.drop) if self.drop else True
        predicted = self._predict(alpha * theta + sigma * noise, ratio, self._context(y, kept))
        rule = self._rule()
        scale = self.schedule.weight(ratio) * rule.error(alpha, sigma) ** 2
        return scale * jnp.mean((predicted - rule.target(theta, noise, alpha, sigma)) ** 2)

    def denoiser(self, y: Float[Array, "*event"] | None) -> Denoiser:
        """E[theta | z, sigma, y] as the network has it, of (z, sigma); without `y`, as trained with it dropped."""
        if y is None and not self.drop:
            raise ValueError(
                "Expected a model trained with drop above 0; got one that always saw y."
            )
        context = jnp.zeros(self.context_shape) if y is None else self._context(y, True)

        def denoised(z: Float[Array, " dim"], ratio: Float[Array, ""]) -> Float[Array, " dim"]:
            return self._rule().denoised(z, self._predict(z, ratio, context), *circle(ratio))

        return denoised

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        return self.draw(key, self.denoiser(y), num)

    def unconditional(self, key: PRNGKeyArray, num: int) -> Float[Array, "num dim"]:
        """Draws of theta whatever y is: of the prior, where the pairs came from it."""
        return self.draw(key, self.denoiser(None), num)

    def draw(self, key: PRNGKeyArray, denoiser: Denoiser, num: int) -> Float[Array, "num dim"]:
        """From noise to theta by the solver, whatever the denoiser."""
        key_noise, key_solver = jax.random.split(key)
        if self.solver == "two_step_sde":
            walk = lambda noise, key: two_step_sde(key, denoiser, self.schedule, noise)  # noqa: E731
            each = lambda noise, key: jax.vmap(walk)(noise, jax.random.split(key, len(noise)))  # noqa: E731
        elif self.solver == "tsit5":
            each = lambda noise, _: self._flow(jax.vmap(denoiser, (0, None)), noise)  # noqa: E731
        else:
            walk = BY_LEVELS[self.solver]
            over = jax.vmap(denoiser, (0, None))
            each = lambda noise, _: walk(over, self.schedule, noise, self.steps)  # noqa: E731
        return from_noise(key_noise, key_solver, each, num, self.dim)

    def _flow(self, denoiser: Denoiser, noise: Array) -> Array:
        field = probability_flow(denoiser)
        high, low = jnp.log(self.schedule.sigma_max), jnp.log(self.schedule.sigma_min)
        z = solve(field, noise, high, low, steps=1000, rtol=self.rtol, atol=self.atol).state
        return z / circle(jnp.asarray(self.schedule.sigma_min))[0]

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        """By the divergence of the probability flow from the least noise to the most (Song et al., 2021)."""
        field = probability_flow(self.denoiser(y))
        low, high = jnp.log(self.schedule.sigma_min), jnp.log(self.schedule.sigma_max)
        alpha = circle(jnp.asarray(self.schedule.sigma_min, theta.dtype))[0]
        z = log_density(field, alpha * theta, low, high, rtol=self.rtol, atol=self.atol)
        return z + self.dim * jnp.log(alpha)

    def _rule(self) -> Prediction:
        if self.prediction == "F":
            return preconditioned(self.sigma_data)
        return PREDICTIONS[self.prediction]

    def _context(self, y: Float[Array, "*event"], kept: Array | bool) -> Float[Array, "*context"]:
        """y, and where it may be dropped a one that says that it is there: of an image, at every pixel."""
        if not self.drop:
            return y
        if len(self.context_shape) == IMAGE_AXES:
            flagged = jnp.concatenate([y, jnp.ones_like(y[..., :1])], axis=-1)
        else:
            flagged = jnp.append(jnp.ravel(y), 1.0)
        return jnp.where(kept, flagged, 0.0)

    def _predict(self, z: Array, ratio: Array, context: Array) -> Array:
        alpha, sigma = circle(ratio)
        scale = jnp.ones_like(alpha)
        if self.prediction == "F":  # c_in
            scale = 1 / jnp.sqrt(sigma**2 + (self.sigma_data * alpha) ** 2)
        if self.damped:
            scale = scale * alpha
        return self.network(scale * z, self.schedule.clock(ratio), context)
