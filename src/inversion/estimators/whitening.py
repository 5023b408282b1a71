"""theta less its linear regression on y, made round: what is left for a network to learn is white.

A posterior that lies along a narrow ridge, the same for all y, is then no longer narrow, nor is a field of images
whose power falls by orders of magnitude with the frequency.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

LEAST = 1e-6  # the least variance that is left, over the largest


class AbstractWhitening(eqx.Module):
    """x = W (u - B v) of standardised theta u and y v, with W the inverse square root of what the regression leaves.

    The residual's covariance is then the identity. The square root is the Hermitian one, which turns u the least.
    """

    @abc.abstractmethod
    def white(self, u: Float[Array, " dim"], v: Float[Array, "*event"]) -> Float[Array, " dim"]:
        """x of u."""

    @abc.abstractmethod
    def coloured(self, x: Float[Array, " dim"], v: Float[Array, "*event"]) -> Float[Array, " dim"]:
        """u of x: the inverse at the same v."""

    @property
    @abc.abstractmethod
    def log_det(self) -> Float[Array, ""]:
        """log |det du / dx|."""


class Whitening(AbstractWhitening):
    """Of a y that is a vector: least squares over all coordinates."""

    slope: Float[np.ndarray | Array, "dim event"]
    root: Float[np.ndarray | Array, "dim dim"]
    inverse: Float[np.ndarray | Array, "dim dim"]

    @classmethod
    def of(cls, u: Float[np.ndarray, "n dim"], v: Float[np.ndarray, "n event"]) -> "Whitening":
        """Of pairs of mean 0."""
        slope = np.linalg.lstsq(v, u, rcond=None)[0].T
        residual = u - v @ slope.T
        roots = _roots(residual.T @ residual / len(u))
        return cls(*(matrix.astype(np.float32) for matrix in (slope, *roots)))

    @classmethod
    def identity(cls, dim: int, event: int) -> "Whitening":
        eye = np.eye(dim, dtype=np.float32)
        return cls(np.zeros((dim, event), np.float32), eye, eye)

    def white(self, u: Float[Array, " dim"], v: Float[Array, " event"]) -> Float[Array, " dim"]:
        return self.inverse @ (u - self.slope @ v)

    def coloured(self, x: Float[Array, " dim"], v: Float[Array, " event"]) -> Float[Array, " dim"]:
        return self.root @ x + self.slope @ v

    @property
    def log_det(self) -> Float[Array, ""]:
        return jnp.linalg.slogdet(self.root)[1]


class SpectralWhitening(AbstractWhitening):
    """Of images of the same sides: least squares at each frequency of the Fourier transform, over the channels alone.

    All that there is to regress if theta and y are stationary on a torus, and a few numbers a pixel in place of all
    pairs of pixels; of other images a map as invertible.
    """

    slope: Complex[np.ndarray | Array, "height width channels seen"]
    root: Complex[np.ndarray | Array, "height width channels channels"]
    inverse: Complex[np.ndarray | Array, "height width channels channels"]

    @classmethod
    def of(
        cls, u: Float[np.ndarray, "n dim"], v: Float[np.ndarray, "n height width seen"]
    ) -> "SpectralWhitening":
        """Of pairs of mean 0."""
        images = u.reshape(*v.shape[:3], -1)
        u, v = (np.fft.fft2(x, axes=(1, 2), norm="ortho") for x in (images, v))
        product = lambda a, b: np.einsum("nhwi,nhwj->hwij", a, b.conj()) / len(a)  # noqa: E731
        slope = product(u, v) @ np.linalg.pinv(product(v, v), rcond=LEAST, hermitian=True)
        residual = u - np.einsum("hwij,nhwj->nhwi", slope, v)
        roots = _roots(product(residual, residual))
        return cls(*(matrix.astype(np.complex64) for matrix in (slope, *roots)))

    @classmethod
    def identity(cls, sides: tuple[int, int], channels: int, seen: int) -> "SpectralWhitening":
        eye = np.broadcast_to(np.eye(channels, dtype=np.complex64), (*sides, channels, channels))
        return cls(np.zeros((*sides, channels, seen), np.complex64), eye.copy(), eye.copy())

    def white(
        self, u: Float[Array, " dim"], v: Float[Array, "height width seen"]
    ) -> Float[Array, " dim"]:
        return self._filtered(self.inverse, u - self._regressed(v))

    def coloured(
        self, x: Float[Array, " dim"], v: Float[Array, "height width seen"]
    ) -> Float[Array, " dim"]:
        return self._filtered(self.root, x) + self._regressed(v)

    @property
    def log_det(self) -> Float[Array, ""]:
        return jnp.sum(jnp.linalg.slogdet(self.root)[1])

    def _regressed(self, v: Float[Array, "height width seen"]) -> Float[Array, " dim"]:
        return self._filtered(self.slope, jnp.ravel(v))

    def _filtered(
        self, gains: Complex[Array, "height width out into"], image: Float[Array, " pixels"]
    ) -> Float[Array, " filtered"]:
        sides = gains.shape[:2]
        spectrum = jnp.fft.fft2(image.reshape(*sides, -1), axes=(0, 1))
        spectrum = jnp.einsum("hwij,hwj->hwi", gains, spectrum)
        return jnp.ravel(jnp.fft.ifft2(spectrum, axes=(0, 1)).real)


def _roots(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Hermitian square root of each matrix `(*batch, dim, dim)`, and its inverse."""
    variances, axes = np.linalg.eigh(covariance)
    scales = np.sqrt(np.maximum(variances, LEAST * variances.max()))[..., None, :]
    back = np.swapaxes(axes.conj(), -1, -2)
    return (axes * scales) @ back, (axes / scales) @ back
