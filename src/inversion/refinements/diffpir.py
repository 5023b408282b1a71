"""Plug-and-play restoration by a diffusion prior: denoise, a proximal step to the data, noise again.

Zhu, Zhang, Liang, Cao, Wen, Timofte and Van Gool, 2023 (DiffPIR, algorithm 1): half-quadratic splitting along the
levels of noise, the data's step in closed form, its weight rho = strength noise^2 / sigma^2 the prior's.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.inverted import Inverted
from inversion.posterior import AbstractDenoiser
from inversion.refinements.guided import Problem, drawn, levels
from inversion.refinements.refinement import AbstractRefinement
from inversion.tasks.task import LinearTask


class DiffPir(AbstractRefinement):
    """`steps` levels; `strength` is the published lambda; of each level's noise the share `fresh` (zeta) is new."""

    needs = LinearTask
    starts_from = AbstractDenoiser
    double = False
    steps: int = eqx.field(static=True)
    strength: float = eqx.field(static=True)
    fresh: float = eqx.field(static=True)

    def __init__(self, *, steps: int = 100, strength: float = 1.0, fresh: float = 1.0) -> None:
        if steps < 2 or not (strength > 0 and 0 <= fresh <= 1):
            raise ValueError(
                "Expected at least 2 steps of diffpir, strength above 0 and fresh in [0, 1]; "
                f"got {steps}, {strength} and {fresh}."
            )
        self.steps, self.strength, self.fresh = steps, strength, fresh

    def invert(
        self,
        key: PRNGKeyArray,
        task: LinearTask,
        prior: AbstractDenoiser,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        problem = Problem.of(task, prior, y)
        sigmas = jnp.append(levels(prior, self.steps), 0.0)

        def step(x: Array, inputs: tuple[Array, Array, PRNGKeyArray]) -> tuple[Array, None]:
            here, there, key = inputs
            denoised = problem.denoised(x, here)
            variance = here**2 / self.strength
            pulled = denoised + variance * problem.pull(
                denoised, variance, problem.task.noise_scale**2
            )
            kept = (x - pulled) / here
            noise = jax.random.normal(key, x.shape, x.dtype)
            mixed = jnp.sqrt(1 - self.fresh) * kept + jnp.sqrt(self.fresh) * noise
            return pulled + there * mixed, None

        def walk(key: PRNGKeyArray) -> Array:
            key_start, key_steps = jax.random.split(key)
            inputs = (sigmas[:-1], sigmas[1:], jax.random.split(key_steps, self.steps))
            x, _ = jax.lax.scan(step, problem.start(key_start, sigmas[0]), inputs)
            return x

        return drawn(key, problem, walk, num, self.steps, 0)
