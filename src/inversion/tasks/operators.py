"""What is measured of an image: all of it, a blurred copy, means of blocks, or the pixels that a mask lets through.

An operator takes an image (height, width, channel) to what a measurement has in place of it, three axes again. It is
linear, and so has its adjoint by transposition. A mask is drawn anew for each measurement, which tells it: y then has
a channel more, 1 where a pixel is seen and 0 elsewhere, where the others are 0 as well.
"""

import abc
from functools import cache
from typing import Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

REACH = 4  # standard deviations of a blur after which its weights are left out


class AbstractOperator(eqx.Module):
    """A linear map of images; to write one, give `__call__`, and the others where it is drawn anew for each y."""

    @abc.abstractmethod
    def __call__(self, image: Float[Array, "h w c"]) -> Float[Array, "*event"]:
        """A theta, without what y tells of the operator."""

    def anew(self, key: PRNGKeyArray, shape: tuple[int, int, int]) -> Self:
        """The same for another measurement of an image of this shape."""
        return self

    def told_by(self, y: Float[Array, "*event"]) -> Self:
        """That of the measurement y."""
        return self

    def written(self, values: Float[Array, "*event"]) -> Float[Array, "*event"]:
        """y, from the noisy values."""
        return values

    def weights(self, y: Float[Array, "*event"]) -> Float[Array, "*event"]:
        """1 where y holds a measured value, 0 elsewhere."""
        return jnp.ones_like(y)


class Identity(AbstractOperator):
    """The image itself: what is left to do is to take the noise away."""

    def __call__(self, image: Float[Array, "h w c"]) -> Float[Array, "h w c"]:
        return image


class Blur(AbstractOperator):
    """A Gaussian of standard deviation `sd` pixels; at the border the image is reflected, its edge pixels twice, or,
    where it is `periodic`, goes on at the other side."""

    sd: float = eqx.field(static=True)
    periodic: bool = eqx.field(static=True)

    def __init__(self, *, sd: float = 1.0, periodic: bool = False) -> None:
        if not sd > 0:
            raise ValueError(f"Expected sd of a blur above 0; got {sd}.")
        self.sd, self.periodic = float(sd), periodic

    def __call__(self, image: Float[Array, "h w c"]) -> Float[Array, "h w c"]:
        weights = (blur_weights(n, self.sd, self.periodic) for n in image.shape[:2])
        rows, columns = (jnp.asarray(matrix, image.dtype) for matrix in weights)
        return jnp.einsum("ih,hwc,jw->ijc", rows, image, columns)


class Means(AbstractOperator):
    """The mean of every block of `factor` x `factor` pixels."""

    factor: int = eqx.field(static=True)

    def __init__(self, *, factor: int = 2) -> None:
        if factor < 1:
            raise ValueError(f"Expected factor of means of at least 1; got {factor}.")
        self.factor = factor

    def __call__(self, image: Float[Array, "h w c"]) -> Float[Array, "i j c"]:
        height, width, channels = image.shape
        if height % self.factor or width % self.factor:
            raise ValueError(
                f"Expected sides that blocks of {self.factor} pixels fill; got {height} x {width}."
            )
        blocks = (height // self.factor, self.factor, width // self.factor, self.factor, channels)
        return image.reshape(blocks).mean((1, 3))


class AbstractMask(AbstractOperator):
    """Some pixels, all of their channels; without `seen`, before any y has told them, all pixels."""

    seen: eqx.AbstractVar[Float[Array, "h w 1"] | None]

    @abc.abstractmethod
    def draw(self, key: PRNGKeyArray, shape: tuple[int, int, int]) -> Float[Array, "h w 1"]:
        """Which pixels are seen, 1 or 0."""

    def __call__(self, image: Float[Array, "h w c"]) -> Float[Array, "h w c+1"]:
        shown = image if self.seen is None else image * self.seen
        return jnp.concatenate([shown, jnp.zeros_like(image[..., :1])], axis=-1)

    def anew(self, key: PRNGKeyArray, shape: tuple[int, int, int]) -> Self:
        return self._with(self.draw(key, shape))

    def told_by(self, y: Float[Array, "h w c+1"]) -> Self:
        return self._with(y[..., -1:])

    def written(self, values: Float[Array, "h w c+1"]) -> Float[Array, "h w c+1"]:
        seen = self.seen.astype(values.dtype)
        return jnp.concatenate([values[..., :-1] * seen, seen], axis=-1)

    def weights(self, y: Float[Array, "h w c+1"]) -> Float[Array, "h w c+1"]:
        seen = jnp.broadcast_to(y[..., -1:], y[..., :-1].shape)
        return jnp.concatenate([seen, jnp.zeros_like(y[..., -1:])], axis=-1)

    def _with(self, seen: Float[Array, "h w 1"]) -> Self:
        return eqx.tree_at(lambda mask: mask.seen, self, seen, is_leaf=lambda leaf: leaf is None)


class Mask(AbstractMask):
    """The share `observed` of the pixels, anywhere; always as many."""

    observed: float = eqx.field(static=True)
    seen: Float[Array, "h w 1"] | None

    def __init__(self, *, observed: float = 0.5) -> None:
        if not 0 < observed <= 1:
            raise ValueError(f"Expected observed in (0, 1]; got {observed}.")
        self.observed, self.seen = observed, None

    def draw(self, key: PRNGKeyArray, shape: tuple[int, int, int]) -> Float[Array, "h w 1"]:
        height, width, _ = shape
        order = jax.random.permutation(key, height * width)
        seen = order < max(1, round(self.observed * height * width))
        return seen.astype(float).reshape(height, width, 1)


OPERATORS = {
    "denoise": "inversion.tasks.operators:Identity",
    "inpaint": "inversion.tasks.operators:Mask",
    "deblur": "inversion.tasks.operators:Blur",
    "superresolve": "inversion.tasks.operators:Means",
}


@cache
def blur_weights(size: int, sd: float, periodic: bool) -> Float[np.ndarray, "size size"]:
    """The weights of a blur along one axis; each row adds up to 1."""
    reach = int(np.ceil(REACH * sd))
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / sd) ** 2)
    places = np.arange(size)[:, None] + offsets
    if periodic:
        places = places % size
    else:
        places = places % (2 * size)
        places = np.where(places < size, places, 2 * size - 1 - places)
    matrix = np.zeros((size, size))
    np.add.at(matrix, (np.arange(size)[:, None], places), weights / weights.sum())
    return matrix
