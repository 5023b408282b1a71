"""Guidance of a trained diffusion model: draws of q(theta | y) exp(reward(theta)), or within a constraint, untrained.

Chung et al., 2023 (DPS): the score gains the gradient of the reward at the denoised theta, through the network. For a
Gaussian posterior and a linear reward that is exact; elsewhere it takes the reward of the mean for the mean reward.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.denoising import Denoiser
from inversion.estimators.diffusion import Diffusion
from inversion.estimators.summarised import Summarised
from inversion.estimators.trained import Trained
from inversion.posterior import AbstractPosterior


class Guided(AbstractPosterior):
    """A trained model drawn towards `reward(theta)`, a log-weight in nats, and to where `constraint(theta)` <= 0.

    Both read theta in the task's own units. The constraint, of one value or several, is a soft one that hardens
    as the noise goes: -softplus(constraint / ratio^2), `ratio` that of noise to signal.
    """

    model: Trained
    reward: Callable[[Array], Array] | None = eqx.field(static=True, default=None)
    constraint: Callable[[Array], Array] | None = eqx.field(static=True, default=None)
    strength: float = eqx.field(static=True, default=1.0)

    def __check_init__(self) -> None:
        estimator = self.model.estimator
        if isinstance(estimator, Summarised):
            estimator = estimator.estimator
        if not isinstance(estimator, Diffusion):
            kind = type(estimator).__name__
            raise ValueError(f"Expected a diffusion model to guide; got a {kind}.")
        if self.reward is None and self.constraint is None:
            raise ValueError("Expected a reward or a constraint; got neither.")

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        maps, estimator = self.model.standardisation, self.model.estimator
        seen = maps.y_in(y)
        if isinstance(estimator, Summarised):
            estimator, seen = estimator.estimator, estimator.summary(seen)

        def log_weight(u: Array, ratio: Array) -> Array:
            theta, total = maps.theta_out(u, y), 0.0
            if self.reward is not None:
                total += self.reward(theta)
            if self.constraint is not None:
                total -= jnp.sum(jax.nn.softplus(self.constraint(theta) / ratio**2))
            return self.strength * total

        u = estimator.draw(key, guided(estimator.denoiser(seen), log_weight), num)
        return jax.vmap(lambda u: maps.theta_out(u, y))(u)


def guided(denoiser: Denoiser, log_weight: Callable[[Array, Array], Array]) -> Denoiser:
    """The denoiser whose score is that of `denoiser` and the gradient in z of `log_weight(x(z), ratio)`."""

    def of(z: Float[Array, " dim"], ratio: Float[Array, ""]) -> Float[Array, " dim"]:
        x, pull = jax.vjp(lambda z: denoiser(z, ratio), z)
        (gradient,) = pull(jax.grad(log_weight)(x, ratio))
        return x + gradient * ratio**2 / jnp.sqrt(1 + ratio**2)  # sigma^2 / alpha

    return of
