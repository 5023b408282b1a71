"""A U-Net: down through halved resolutions and up again, with what was seen on the way down beside what comes up.

Ronneberger, Fischer and Brox, 2015; as a denoiser Ho, Jain and Abbeel, 2020.
"""

from collections.abc import Sequence
from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.backbones.image import (
    AbstractImageBackbone,
    Clock,
    Straight,
    check_levels,
    parts,
)
from inversion.networks.backbones.tokens import Tokens
from inversion.networks.convolution import (
    Block,
    Convolution,
    GroupNorm,
    Linear,
    doubled,
    drawn,
    halved,
)


class UNet(AbstractImageBackbone):
    """`blocks` blocks of `channels[i]` channels at the i-th resolution, on either side; one more at the lowest.

    With `attention` heads the pixels of the lowest resolution attend to each other.
    """

    clock: Clock
    stem: Convolution
    straight: Straight
    down: list[list[Block]]
    lower: list[Linear]
    middle: Block
    among: Tokens | None
    upper: list[Linear]
    up: list[list[Block]]
    norm: GroupNorm
    head: Convolution
    image_shape: tuple[int, int, int] = eqx.field(static=True)
    multiple: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        image_shape: tuple[int, int, int],
        channels: Sequence[int] = (16, 32),
        blocks: int = 1,
        features: int = 32,
        frequency: float = 1.0,
        groups: int = 8,
        attention: int = 0,
        straight: int = 3,
    ) -> None:
        channels = check_levels(channels, blocks=blocks)
        key_clock, key = jax.random.split(key)
        ends = parts(
            key=key_clock,
            theta_dim=theta_dim,
            y_shape=y_shape,
            image_shape=image_shape,
            channels=channels[0],
            features=features,
            frequency=frequency,
            groups=groups,
            straight=straight,
        )
        block = lambda into, out: Block(into, out, features=features, groups=groups)  # noqa: E731
        level = lambda into, out: [block(into, out) for _ in range(blocks)]  # noqa: E731
        pairs = list(pairwise(channels))
        self.multiple = 2 ** len(pairs)
        lowest = [-(-side // self.multiple) for side in image_shape[:2]]
        body = {
            "down": [level(out, out) for out in channels],
            "lower": [Linear(above, below) for above, below in pairs],
            "middle": block(channels[-1], channels[-1]),
            "among": Tokens(channels[-1], lowest, heads=attention) if attention else None,
            "upper": [Linear(below, above) for above, below in pairs],
            "up": [level(2 * out, out) for out in channels[:-1]],
        }
        for name, layers in drawn(key, ends | body).items():
            setattr(self, name, layers)
        self.image_shape = tuple(image_shape)

    def body(
        self, h: Float[Array, "height width channel"], time: Float[Array, " features"]
    ) -> Float[Array, "height width channel"]:
        seen = []
        for index, level in enumerate(self.down):
            if index:
                h = self.lower[index - 1](halved(h))
            for block in level:
                h = block(h, time)
                seen.append(h)
        if self.among is not None:
            h = self.among(h, time)
        h = self.middle(h, time)
        seen = seen[: -len(self.down[-1])]
        for upper, level in zip(self.upper[::-1], self.up[::-1]):
            h = doubled(upper(h))
            for block in level:
                h = block(jnp.concatenate([h, seen.pop()], axis=-1), time)
        return h
