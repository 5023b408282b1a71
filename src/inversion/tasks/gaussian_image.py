"""White images under white noise: theta ~ N(0, I), y = theta + N(0, noise_scale^2 I), of `side` x `side` pixels.

The example of image networks in BayesFlow's documentation, where `noise_scale` is .3 and `side` is 8: the posterior is
N(y / 1.09, 0.09 / 1.09 I), so the error of its mean and its standard deviation are both .2873.
"""

import equinox as eqx
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float

from inversion.tasks.measured import MeasuredTask, check_noise
from inversion.tasks.operators import AbstractOperator, Identity
from inversion.tasks.task import ExactTask

RANGE = 6.0  # from three standard deviations below to three above


class GaussianImage(MeasuredTask, ExactTask):
    """The posterior is N(y / (1 + n^2), n^2 / (1 + n^2) I), with n the noise's scale."""

    side: int = eqx.field(static=True)
    measure: AbstractOperator
    noise_scale: float = eqx.field(static=True)

    def __init__(self, *, side: int = 8, noise_scale: float = 0.3) -> None:
        check_noise("gaussian_image", noise_scale)
        if side < 1:
            raise ValueError(f"Expected side of gaussian_image of at least 1; got {side}.")
        self.side, self.measure, self.noise_scale = side, Identity(), noise_scale

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return (self.side, self.side, 1)

    @property
    def data_range(self) -> float:
        return RANGE

    def prior(self) -> dist.Distribution:
        return dist.Normal(jnp.zeros(self.side**2), 1.0).to_event(1)

    def posterior(self, y: Float[Array, "side side 1"]) -> dist.Distribution:
        shrink = 1 / (1 + self.noise_scale**2)
        return dist.Normal(shrink * y.ravel(), self.noise_scale * shrink**0.5).to_event(1)
