"""Two moons seen along a line: y = theta_1 + theta_2 + N(0, noise_scale^2).

The prior is that of scikit-learn's `make_moons`: a point uniform on one of two half circles, plus isotropic
noise, standardised by its exact moments, mean (1/2, 1/4). With a Gauss-Legendre rule along the arcs it is a
Gaussian mixture to machine precision, so the posterior is one as well.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from inversion.tasks.gaussian_mixture import GaussianMixture
from inversion.tasks.task import ExactTask, LabelledTask, LinearTask

NODES = 128  # spacing 0.6 noise widths at most: the rule's error lies below 1e-20


class TwoMoonsLine(LinearTask, ExactTask, LabelledTask):
    """Bimodal at every y: each observation line crosses both crescents, at y = 0 each of them twice."""

    noise: float = eqx.field(static=True)
    noise_scale: float = eqx.field(static=True)

    def __init__(self, *, noise: float = 0.06, noise_scale: float = 0.1) -> None:
        for name, value in {"noise": noise, "noise_scale": noise_scale}.items():
            if not value > 0:
                raise ValueError(f"Expected {name} of two_moons_line above 0; got {value}.")
        self.noise = noise
        self.noise_scale = noise_scale

    @property
    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Exact mean and standard deviation of the raw moons, each of shape (2,)."""
        # E cos^2 = E sin^2 = 1/2, E sin = 2/pi on [0, pi]; the moons' x means are 0 and 1.
        mean = np.array([0.5, 0.25])
        first = 0.5 * (0.5 + 1.5)
        second = 0.5 * (0.5 + 0.75 - 2 / np.pi)
        return mean, np.sqrt(np.array([first, second]) - mean**2 + self.noise**2)

    def prior(self) -> GaussianMixture:
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        t = (nodes + 1) * np.pi / 2
        upper = np.stack([np.cos(t), np.sin(t)], axis=-1)
        lower = np.stack([1 - np.cos(t), 0.5 - np.sin(t)], axis=-1)
        mean, std = self.moments
        return GaussianMixture(
            jnp.asarray(np.log(np.concatenate([weights, weights]) / 4)),
            jnp.asarray((np.concatenate([upper, lower]) - mean) / std),
            jnp.asarray(np.diag(self.noise / std)),
        )

    def operator(self, theta: Float[Array, "2"]) -> Float[Array, "1"]:
        return theta[:1] + theta[1:]

    def posterior(self, y: Float[Array, "1"]) -> GaussianMixture:
        return self.prior().given(jnp.ones((1, 2)), self.noise_scale, y)

    @property
    def parts(self) -> dict[str, int]:
        return {"crescent": 2, "segment": 4}

    def labels(self, theta: Float[Array, "2"]) -> dict[str, Array]:
        """`crescent`: 0 for the upper arc, 1 for the lower, by the nearer. `segment`: 0 to 3, left to right,
        cut at theta_1 = -.83, 0, .83: the four pieces of the arcs that the line of y = 0 crosses."""
        mean, std = self.moments
        x = theta * std + mean
        distances = jnp.stack([_to_half_circle(x), _to_half_circle(jnp.array([1.0, 0.5]) - x)])
        return {
            "crescent": jnp.argmin(distances),
            "segment": jnp.searchsorted(jnp.array([-0.83, 0.0, 0.83]), theta[0]),
        }


def _to_half_circle(x: Float[Array, "2"]) -> Float[Array, ""]:
    """Distance to the upper half of the unit circle; below it the nearer end counts."""
    to_end = jnp.hypot(jnp.abs(x[0]) - 1, x[1])
    return jnp.where(x[1] >= 0, jnp.abs(jnp.hypot(x[0], x[1]) - 1), to_end)
