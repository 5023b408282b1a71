"""Eight Gaussians on a circle, seen along a line: y = theta_1 + N(0, noise_scale^2).

The prior is the data of many a demonstration of generative models, radius 4 and scale 0.5, all over sqrt(2): means
of length 2.828, standard deviation 0.354, entropy 2.832 nats. With one coordinate observed the posterior is a
mixture of the same eight, two of which, one above the other, hold most of the mass at most y.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from inversion.tasks.gaussian_mixture import GaussianMixture
from inversion.tasks.task import ExactTask, LabelledTask, LinearTask

MODES = 8


class EightGaussians(LinearTask, ExactTask, LabelledTask):
    """Modes of standard deviation `scale` at `radius`, numbered against the clock from (radius, 0)."""

    radius: float = eqx.field(static=True)
    scale: float = eqx.field(static=True)
    noise_scale: float = eqx.field(static=True)

    def __init__(
        self,
        *,
        radius: float = 4 / 2**0.5,
        scale: float = 0.5 / 2**0.5,
        noise_scale: float = 0.1,
    ) -> None:
        given = {"radius": radius, "scale": scale, "noise_scale": noise_scale}
        for name, value in given.items():
            if not value > 0:
                raise ValueError(f"Expected {name} of eight_gaussians above 0; got {value}.")
        self.radius, self.scale, self.noise_scale = radius, scale, noise_scale

    def prior(self) -> GaussianMixture:
        return GaussianMixture(
            jnp.zeros(MODES), jnp.asarray(self._centres()), self.scale * jnp.eye(2)
        )

    def operator(self, theta: Float[Array, "2"]) -> Float[Array, "1"]:
        return theta[:1]

    def posterior(self, y: Float[Array, "1"]) -> GaussianMixture:
        return self.prior().given(jnp.eye(2)[:1], self.noise_scale, y)

    @property
    def parts(self) -> dict[str, int]:
        return {"mode": MODES}

    def labels(self, theta: Float[Array, "2"]) -> dict[str, Array]:
        """`mode`: the nearest one."""
        return {"mode": jnp.argmin(jnp.sum((self._centres() - theta) ** 2, axis=1))}

    def _centres(self) -> Float[np.ndarray, "modes 2"]:
        angles = 2 * np.pi * np.arange(MODES) / MODES
        return self.radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
