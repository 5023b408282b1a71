"""A periodic Gaussian random field whose power falls with a power of the frequency, under white noise.

theta has mean 0, variance 1 and the power spectrum P(k) ~ max(|k|, 1)^-exponent, with |k| the cycles an image; y is
theta, or theta blurred, plus N(0, noise_scale^2 I). Everything is diagonal in the Fourier transform, and so is the
posterior: the Wiener filter.
"""

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float
from numpyro.distributions import constraints

from inversion.tasks.measured import MeasuredTask, check_noise
from inversion.tasks.operators import AbstractOperator, Blur, Identity, blur_weights
from inversion.tasks.task import ExactTask

RANGE = 6.0  # from three standard deviations below to three above


class RandomField(MeasuredTask, ExactTask):
    """With H the blur's transfer function and n the noise's scale, the posterior's power is 1 / (1/P + H^2 / n^2)."""

    side: int = eqx.field(static=True)
    exponent: float = eqx.field(static=True)
    measure: AbstractOperator
    noise_scale: float = eqx.field(static=True)

    def __init__(
        self,
        *,
        side: int = 16,
        exponent: float = 3.0,
        noise_scale: float = 0.3,
        blur: float = 0.0,
    ) -> None:
        check_noise("random_field", noise_scale)
        if side < 1 or exponent < 0 or blur < 0:
            raise ValueError(
                "Expected side of random_field of at least 1, exponent and blur of at least 0; "
                f"got {side}, {exponent} and {blur}."
            )
        self.side, self.exponent, self.noise_scale = side, float(exponent), noise_scale
        self.measure = Blur(sd=blur, periodic=True) if blur > 0 else Identity()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return (self.side, self.side, 1)

    @property
    def data_range(self) -> float:
        return RANGE

    def prior(self) -> "Stationary":
        return Stationary(jnp.zeros(self.dim), jnp.asarray(_power(self.side, self.exponent)))

    def posterior(self, y: Float[Array, "side side 1"]) -> "Stationary":
        transfer, noise = self._transfer(), self.noise_scale**2
        power = 1 / (1 / _power(self.side, self.exponent) + transfer**2 / noise)
        mean = jnp.fft.ifft2(power * transfer / noise * jnp.fft.fft2(y[..., 0])).real
        return Stationary(mean.ravel(), jnp.asarray(power, y.dtype))

    def _transfer(self) -> Float[np.ndarray, "side side"]:
        if not isinstance(self.measure, Blur):
            return np.ones((self.side, self.side))
        along = np.fft.fft(blur_weights(self.side, self.measure.sd, True)[0]).real
        return np.outer(along, along)


class Stationary(dist.Distribution):
    """A Gaussian image, flat, of this mean (dim,), less which its law is the same everywhere on a torus.

    `power` (h, w) is the spectrum: the variances of the orthonormal Fourier transform's coefficients.
    """

    support = constraints.real_vector
    pytree_data_fields = ("loc", "power")

    def __init__(self, loc: Float[Array, " dim"], power: Float[Array, "h w"]) -> None:
        self.loc, self.power = loc, power
        super().__init__(batch_shape=(), event_shape=loc.shape)

    @property
    def mean(self) -> Float[Array, " dim"]:
        return self.loc

    @property
    def variance(self) -> Float[Array, " dim"]:
        return jnp.full_like(self.loc, jnp.mean(self.power))

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> Array:
        noise = jax.random.normal(key, (*sample_shape, *self.power.shape), self.loc.dtype)
        return self.loc + self._filtered(noise, jnp.sqrt(self.power))

    def log_prob(self, value: Float[Array, "*batch dim"]) -> Float[Array, "*batch"]:
        images = (value - self.loc).reshape(*value.shape[:-1], *self.power.shape)
        white = self._filtered(images, 1 / jnp.sqrt(self.power))
        log_norm = jnp.log(2 * jnp.pi) * self.loc.size + jnp.sum(jnp.log(self.power))
        return -0.5 * (jnp.sum(white**2, axis=-1) + log_norm)

    def _filtered(self, images: Float[Array, "*batch h w"], gain: Array) -> Array:
        filtered = jnp.fft.ifft2(gain * jnp.fft.fft2(images)).real
        return filtered.reshape(*images.shape[:-2], -1)


@cache
def _power(side: int, exponent: float) -> Float[np.ndarray, "side side"]:
    """The prior's spectrum, 1 on average: so is then the variance of a pixel."""
    cycles = np.fft.fftfreq(side) * side
    power = np.maximum(np.hypot(cycles[:, None], cycles), 1.0) ** -exponent
    return power / power.mean()
