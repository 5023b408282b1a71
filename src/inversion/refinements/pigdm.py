"""Pseudo-inverse-guided diffusion: the denoised moved to the data as if it were Gaussian around its mean.

Song, Vahdat, Mardani and Kautz, 2023: p(x | z) is taken for N(x(z), r^2 I), so that the guidance is the gradient of
log N(y; H x(z), r^2 H H' + noise^2 I) through the network. With r^2 = s^2 v / (s^2 + v), v the prior's variance, that
is exact for a white Gaussian prior; drawn along the probability flow, by the multistep solver of `denoising`.
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


class Pigdm(AbstractRefinement):
    """`steps` levels, even in ln sigma, second order in it (Lu et al., 2022, algorithm 2)."""

    needs = LinearTask
    starts_from = AbstractDenoiser
    double = False
    steps: int = eqx.field(static=True)

    def __init__(self, *, steps: int = 100) -> None:
        if steps < 3:
            raise ValueError(f"Expected at least 3 steps of pigdm; got {steps}.")
        self.steps = steps

    def invert(
        self,
        key: PRNGKeyArray,
        task: LinearTask,
        prior: AbstractDenoiser,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        problem = Problem.of(task, prior, y)
        low, high = (jnp.log(level) for level in prior.levels)
        sigmas = jnp.exp(jnp.linspace(high, low, self.steps))
        shrink = sigmas[1] / sigmas[0]  # from level to level

        def guided(x: Array, sigma: Array) -> Array:
            denoised, back = jax.vjp(lambda x: problem.denoised(x, sigma), x)
            variance = sigma**2 * prior.spread**2 / (sigma**2 + prior.spread**2)
            (gradient,) = back(problem.pull(denoised, variance, problem.task.noise_scale**2))
            return denoised + sigma**2 * gradient

        def step(carry: tuple[Array, Array], sigma: Array) -> tuple[tuple[Array, Array], None]:
            x, before = carry
            here = guided(x, sigma)
            return (shrink * x + (1 - shrink) * (1.5 * here - 0.5 * before), here), None

        def walk(key: PRNGKeyArray) -> Array:
            x = problem.start(key, sigmas[0])
            here = guided(x, sigmas[0])
            first = (shrink * x + (1 - shrink) * here, here)
            (x, _), _ = jax.lax.scan(step, first, sigmas[1:-1])
            return guided(x, sigmas[-1])

        return drawn(key, problem, walk, num, self.steps, self.steps)
