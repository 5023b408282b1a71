"""Annealed Langevin dynamics on a diffusion prior: at each level of noise a few steps by the posterior's score there.

Song and Ermon, 2019; for inverse problems Jalal et al., 2021. At noise s the prior's score is (x(z) - z) / s^2, and
the likelihood is that of y with s^2 H H' more of noise, which is exact where the prior is flat beside s. The step is
`rate` over the score's greatest slope at that level, so that one setting does for all levels and problems.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.inverted import Inverted
from inversion.posterior import AbstractDenoiser
from inversion.refinements.guided import Problem, drawn
from inversion.refinements.refinement import AbstractRefinement
from inversion.tasks.task import LinearTask


class AnnealedLangevin(AbstractRefinement):
    """`steps` at each of `levels`, even in ln sigma down to `least` times the prior's spread; a last denoising."""

    needs = LinearTask
    starts_from = AbstractDenoiser
    double = False
    levels: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    rate: float = eqx.field(static=True)
    least: float = eqx.field(static=True)
    most: float = eqx.field(static=True)

    def __init__(
        self,
        *,
        levels: int = 100,
        steps: int = 10,
        rate: float = 0.3,
        least: float = 0.01,
        most: float = 10.0,
    ) -> None:
        if min(levels, steps) < 1 or not (0 < rate < 2 and 0 < least < most):
            raise ValueError(
                "Expected levels and steps of annealed_langevin of at least 1, rate in (0, 2) and 0 < least < most; "
                f"got {levels}, {steps}, {rate}, {least} and {most}."
            )
        self.levels, self.steps, self.rate = levels, steps, rate
        self.least, self.most = least, most

    def invert(
        self,
        key: PRNGKeyArray,
        task: LinearTask,
        prior: AbstractDenoiser,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        problem = Problem.of(task, prior, y)
        noise = problem.task.noise_scale**2
        sigmas = prior.spread * jnp.geomspace(self.most, self.least, self.levels)
        sigmas = jnp.clip(sigmas, *prior.levels)
        greatest = jnp.max(problem.gains)

        def move(x: Array, key: PRNGKeyArray, sigma: Array) -> tuple[Array, None]:
            score = (problem.denoised(x, sigma) - x) / sigma**2 + problem.pull(x, sigma**2, noise)
            slope = 1 / sigma**2 + greatest / (sigma**2 * greatest + noise)
            step = self.rate / slope
            kick = jnp.sqrt(2 * step) * jax.random.normal(key, x.shape, x.dtype)
            return x + step * score + kick, None

        def level(x: Array, inputs: tuple[Array, PRNGKeyArray]) -> tuple[Array, None]:
            sigma, key = inputs
            keys = jax.random.split(key, self.steps)
            return jax.lax.scan(lambda x, key: move(x, key, sigma), x, keys)[0], None

        def walk(key: PRNGKeyArray) -> Array:
            key_start, key_steps = jax.random.split(key)
            x = problem.start(key_start, sigmas[0])
            keys = jax.random.split(key_steps, self.levels)
            x, _ = jax.lax.scan(level, x, (sigmas, keys))
            return problem.denoised(x, sigmas[-1])

        return drawn(key, problem, walk, num, self.levels * self.steps + 1, 0)
