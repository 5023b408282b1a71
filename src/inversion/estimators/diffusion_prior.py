"""A diffusion model of the prior: a denoiser learned from draws of theta alone; y is not read."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from inversion.estimators.denoising import circle
from inversion.estimators.diffusion import Diffusion
from inversion.posterior import AbstractDenoiser


class DiffusionPrior(Diffusion, AbstractDenoiser):
    """`diffusion` without a condition, with all of its settings but `drop`; theta is standardised."""

    reads_y: ClassVar[bool] = False

    def __check_init__(self) -> None:
        if self.drop:
            raise ValueError(f"Expected drop of 0 for a prior, which reads no y; got {self.drop}.")

    @property
    def centre(self) -> Float[Array, " dim"]:
        return jnp.zeros(self.dim)

    @property
    def scale(self) -> Float[Array, " dim"]:
        return jnp.ones(self.dim)

    @property
    def spread(self) -> Float[Array, ""]:
        return jnp.ones(())

    @property
    def levels(self) -> tuple[Float[Array, ""], Float[Array, ""]]:
        return jnp.asarray(self.schedule.sigma_min), jnp.asarray(self.schedule.sigma_max)

    def denoised(self, z: Float[Array, " dim"], sigma: Float[Array, ""]) -> Float[Array, " dim"]:
        alpha, _ = circle(sigma)
        return self.denoiser(jnp.zeros((0,), z.dtype))(alpha * z, sigma)

    def _context(self, y: Float[Array, "*event"], kept: Array | bool) -> Float[Array, "0"]:
        del y, kept
        return jnp.zeros((0,))
