"""Diffusion posterior sampling: the ancestral walk of a diffusion prior, pulled to the data through the denoiser.

Chung, Kim, Mccann, Klasky and Ye, 2023, algorithm 1: after each step of the walk, a step against the gradient of
|y - A x(z)| through the network, of fixed length `strength`. It takes the likelihood of the mean for the mean
likelihood, so that its draws are biased, also where prior and data are Gaussian.
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

FIRST, LAST, PUBLISHED = 1e-4, 0.02, 1000  # beta, linear in time, of as many steps


class Dps(AbstractRefinement):
    """`steps` of the variance-preserving walk, its betas as published for 1,000 of them.

    `strength` is the published zeta, of 0.1 to 1 there. Its last steps move theta by that length whatever the noise:
    on two moons seen along a line it has to be 0.1; at 0.3 and 1 draws end 3 and 12 standard deviations off the data.
    On validation images of digits the best means take another length for each operator: the less of an image is
    measured, the longer.
    """

    needs = LinearTask
    starts_from = AbstractDenoiser
    double = False
    steps: int = eqx.field(static=True)
    strength: float = eqx.field(static=True)

    def __init__(self, *, steps: int = 1000, strength: float = 0.1) -> None:
        if steps < 2 or not strength >= 0:
            raise ValueError(
                f"Expected at least 2 steps of dps and a strength of at least 0; got {steps} and {strength}."
            )
        self.steps, self.strength = steps, strength

    def invert(
        self,
        key: PRNGKeyArray,
        task: LinearTask,
        prior: AbstractDenoiser,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        problem = Problem.of(task, prior, y)
        betas = jnp.linspace(FIRST, LAST, self.steps) * PUBLISHED / self.steps
        kept = jnp.cumprod(1 - jnp.minimum(betas, 0.999))  # alpha^2
        sigmas = jnp.append(0.0, prior.spread * jnp.sqrt((1 - kept) / kept))
        alphas = jnp.append(1.0, jnp.sqrt(kept))
        ways = jnp.arange(self.steps, 0, -1)

        def length(x: Array, sigma: Array) -> tuple[Array, Array]:
            denoised = problem.denoised(x, sigma)
            return jnp.sqrt(problem.misfit(denoised) + jnp.finfo(x.dtype).tiny), denoised

        def step(x: Array, inputs: tuple[Array, PRNGKeyArray]) -> tuple[Array, None]:
            at, key = inputs
            here, there = sigmas[at], sigmas[at - 1]
            (_, denoised), slope = jax.value_and_grad(length, has_aux=True)(x, here)
            share = (there / here) ** 2
            noise = there * jnp.sqrt(1 - share) * jax.random.normal(key, x.shape, x.dtype)
            pull = prior.spread**2 * slope / (alphas[at] * alphas[at - 1])
            return denoised + share * (x - denoised) + noise - self.strength * pull, None

        def walk(key: PRNGKeyArray) -> Array:
            key_start, key_steps = jax.random.split(key)
            keys = jax.random.split(key_steps, self.steps)
            x, _ = jax.lax.scan(step, problem.start(key_start, sigmas[-1]), (ways, keys))
            return x

        return drawn(key, problem, walk, num, self.steps, self.steps)
