"""Plug-and-play unrolled and trained: the posterior mean of a linear task, guessed in a few passes of its prior.

From a linear regression of theta on y, each pass takes a step to the data and then the prior's denoiser. The lengths
of the steps, the noises and the denoiser, one for all passes, are trained by squared error (Gregor and LeCun, 2010;
Zhang, Van Gool and Timofte, 2020).
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators import ESTIMATORS
from inversion.estimators.estimator import AbstractTrainable
from inversion.estimators.standardisation import Standardisation
from inversion.estimators.trained import trained
from inversion.estimators.whitening import Whitening
from inversion.posterior import AbstractDenoiser
from inversion.registry import build
from inversion.tasks import make_task
from inversion.tasks.task import LinearTask

FIRST_STEP = 0.7  # to the data, over noise_scale^2, before any training
LAST_NOISE = 0.5  # of the last pass over that of the first, before any training


class Unrolled(eqx.Module):
    """`passes` of the denoiser that `prior`, its entry in params.yaml, describes; the first has no step before it."""

    slope: Float[Array, "dim event"]
    prior: AbstractDenoiser
    steps: Float[Array, " passes-1"]  # over noise_scale^2
    log_noise: Float[Array, " passes"]
    maps: Standardisation  # of theta and y; not trained

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        event: int,
        prior: Mapping[str, Any],
        task: Mapping[str, Any],
        passes: int = 1,
    ) -> None:
        if passes < 1:
            raise ValueError(f"Expected at least 1 of the passes of a guess; got {passes}.")
        made = make_task(task)
        if passes > 1 and not isinstance(made, LinearTask):
            raise ValueError(
                f"Expected a linear task for a guess of {passes} passes; got {type(made).__name__}."
            )
        denoiser = build(ESTIMATORS, prior, key=key, theta_dim=theta_dim, y_shape=(event,))
        self.maps = Standardisation.identity(made)
        self.prior = trained(denoiser, self.maps)
        if not isinstance(self.prior, AbstractDenoiser):
            raise ValueError(
                f"Expected a prior that takes noise out for a guess; got {prior['kind']!r}."
            )
        self.slope = jnp.zeros((theta_dim, event))
        self.steps = jnp.full(passes - 1, FIRST_STEP)
        self.log_noise = jnp.zeros(passes)

    def __call__(self, y: Float[Array, "*event"]) -> Float[Array, " dim"]:
        """E[theta | y], once it is trained; of standardised y, standardised."""
        maps = jax.lax.stop_gradient(self.maps)
        task, measured = maps.task, y * maps.y_std + maps.y_mean

        def one(theta: Array, levels: tuple[Array, Array]) -> tuple[Array, None]:
            step, log_noise = levels
            uphill = task.noise_scale**2 * jax.grad(task.log_likelihood)(theta, measured)
            return self.prior.denoised(theta + step * uphill, jnp.exp(log_noise)), None

        theta = maps.theta_out(self.slope @ jnp.ravel(y))
        theta = self.prior.denoised(theta, jnp.exp(self.log_noise[0]))
        theta, _ = jax.lax.scan(one, theta, (self.steps, self.log_noise[1:]))
        return maps.theta_in(theta)

    @property
    def passes(self) -> int:
        """Of the prior's network for one y."""
        return len(self.log_noise)

    def begun(
        self,
        prior: AbstractDenoiser,
        maps: Standardisation,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n *event"],
    ) -> "Unrolled":
        """From the regression of these pairs, what it leaves for the first noise, with a trained prior."""
        fitted = Whitening.of(np.asarray(theta), np.asarray(y).reshape(len(y), -1))
        left = prior.spread * np.sqrt(np.mean(np.sum(fitted.root**2, axis=1)))
        log_noise = jnp.log(left * jnp.geomspace(1, LAST_NOISE, self.passes))
        return eqx.tree_at(
            lambda own: (own.slope, own.prior, own.log_noise, own.maps),
            self,
            (jnp.asarray(fitted.slope), prior, log_noise, maps),
        )


class Unrolling(AbstractTrainable):
    """`unrolled` in training, by squared error: each theta is measured anew at every step, the given y is not read."""

    unrolled: Unrolled

    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        """The mean over coordinates."""
        del y, progress
        maps = jax.lax.stop_gradient(self.unrolled.maps)
        measured = maps.y_in(maps.task.simulate(key, maps.theta_out(theta)))
        return jnp.mean((self.unrolled(measured) - theta) ** 2)
