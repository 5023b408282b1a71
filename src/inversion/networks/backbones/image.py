"""What backbones of images share: how z, the time and y come in, and how the image goes out."""

import abc
import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.backbones.backbone import IMAGE_AXES, AbstractOfImages
from inversion.networks.convolution import (
    Convolution,
    GroupNorm,
    Linear,
    patches,
    resized,
)


class Clock(eqx.Module):
    """The time through sines and cosines of learned frequencies, and as it is, then a hidden layer."""

    frequencies: Float[Array, " features/2"]
    hidden: Linear

    def __init__(self, features: int, frequency: float, *, key: PRNGKeyArray) -> None:
        if features < 2 or features % 2:
            raise ValueError(f"Expected an even number of features of the time; got {features}.")
        self.frequencies = frequency * jax.random.normal(key, (features // 2,))
        self.hidden = Linear(features + 1, features)

    def __call__(self, t: Float[Array, ""]) -> Float[Array, " features"]:
        angle = 2 * jnp.pi * self.frequencies * t
        return jax.nn.silu(self.hidden(jnp.concatenate([jnp.sin(angle), jnp.cos(angle), t[None]])))


class Straight(eqx.Module):
    """A convolution whose weights depend on the time: all that a stationary Gaussian field under a filter needs.

    It runs beside the other layers, which start at zero as it does, and learn what is left.
    """

    hidden: Linear
    out: Linear
    size: int = eqx.field(static=True)

    def __init__(self, into: int, out: int, size: int, *, features: int) -> None:
        if size % 2 == 0:
            raise ValueError(f"Expected an odd size of the straight path's window; got {size}.")
        self.hidden = Linear(features, features)
        self.out = Linear(features, size**2 * into * out, scale=0.0)
        self.size = size

    def __call__(
        self, h: Float[Array, "height width into"], time: Float[Array, " features"]
    ) -> Float[Array, "height width out"]:
        seen = jnp.concatenate(patches(h, self.size), axis=-1)
        return seen @ self.out(jnp.tanh(self.hidden(time))).reshape(seen.shape[-1], -1)


class AbstractImageBackbone(AbstractOfImages):
    """f(z, t, y) = straight(z, y; t) + head(body(stem(z, y), t)), with y as further channels of z.

    A y of another height or width is brought to that of theta. Sides that the body cannot halve are padded by what
    lies at the edge, and cropped in the end. A new one has `body`, and a constructor that sets all layers.
    """

    clock: eqx.AbstractVar[Clock]
    stem: eqx.AbstractVar[Convolution]
    straight: eqx.AbstractVar[Straight]
    norm: eqx.AbstractVar[GroupNorm]
    head: eqx.AbstractVar[Convolution]
    multiple: eqx.AbstractVar[int]  # of the sides that the body reads

    @abc.abstractmethod
    def body(
        self, h: Float[Array, "height width channel"], time: Float[Array, " features"]
    ) -> Float[Array, "height width channel"]:
        """Of an image whose sides are multiples of `multiple`."""

    def __call__(
        self, z: Float[Array, " dim"], clock: Float[Array, ""], context: Float[Array, "*event"]
    ) -> Float[Array, " dim"]:
        height, width, _ = self.image_shape
        h = z.reshape(self.image_shape)
        if context.size:
            h = jnp.concatenate([h, resized(context, height, width)], axis=-1)
        time = self.clock(clock)
        straight = self.straight(h, time)
        more = [(0, -side % self.multiple) for side in (height, width)]
        h = self.body(self.stem(jnp.pad(h, (*more, (0, 0)), mode="edge")), time)
        out = self.head(jax.nn.silu(self.norm(h)))[:height, :width]
        return jnp.ravel(straight + out)


def parts(
    *,
    key: PRNGKeyArray,
    theta_dim: int,
    y_shape: tuple[int, ...],
    image_shape: tuple[int, int, int],
    channels: int,
    features: int,
    frequency: float,
    groups: int,
    straight: int,
) -> dict:
    """The layers at both ends, with `channels` in between."""
    if theta_dim != math.prod(image_shape):
        raise ValueError(f"Expected a theta of {math.prod(image_shape)} pixels; got {theta_dim}.")
    if math.prod(y_shape) and len(y_shape) != IMAGE_AXES:
        raise ValueError(
            f"Expected a y of height, width and channel for a network of images; got one of shape {y_shape}."
        )
    into = image_shape[2] + (y_shape[2] if math.prod(y_shape) else 0)
    return {
        "clock": Clock(features, frequency, key=key),
        "stem": Convolution(into, channels),
        "straight": Straight(into, image_shape[2], straight, features=features),
        "norm": GroupNorm(channels, groups),
        "head": Convolution(channels, image_shape[2], scale=0.0),
    }


def check_levels(channels: list[int] | tuple[int, ...], **least: int) -> tuple[int, ...]:
    """The channels of each resolution; the other numbers are at least 1."""
    if not channels or min(channels) < 1 or min(least.values()) < 1:
        raise ValueError(
            f"Expected channels and {', '.join(least)} of at least 1; got {list(channels)} and "
            f"{', '.join(map(str, least.values()))}."
        )
    return tuple(channels)
