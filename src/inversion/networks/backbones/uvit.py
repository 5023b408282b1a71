"""A U-ViT: convolutions at the high resolutions, a transformer over the pixels of the lowest.

Hoogeboom, Heek and Salimans, 2023 (simple diffusion); the fusion of skips is that of BayesFlow's UViT (2.0.12).
"""

from collections.abc import Sequence
from itertools import pairwise

import equinox as eqx
import jax
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

HALF = 0.5**0.5  # keeps the size of a sum of two


class UViT(AbstractImageBackbone):
    """`blocks` blocks of `channels[i]` channels at the i-th resolution on either side, then `depth` of `width`.

    What comes up is fused with what was seen by the sum of both, normed, before each block.
    """

    clock: Clock
    stem: Convolution
    straight: Straight
    down: list[list[Block]]
    lower: list[Linear]
    among: Tokens
    upper: list[Linear]
    norms: list[list[tuple[GroupNorm, GroupNorm]]]
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
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
        features: int = 32,
        frequency: float = 1.0,
        groups: int = 8,
        straight: int = 3,
    ) -> None:
        channels = check_levels(channels, blocks=blocks, depth=depth)
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
        level = lambda out: [  # noqa: E731
            Block(out, out, features=features, groups=groups) for _ in range(blocks)
        ]
        norm = lambda out: GroupNorm(out, groups)  # noqa: E731
        pairs = list(pairwise(channels))
        self.multiple = 2 ** len(pairs)
        lowest = [-(-side // self.multiple) for side in image_shape[:2]]
        body = {
            "down": [level(out) for out in channels[:-1]],
            "lower": [Linear(above, below) for above, below in pairs],
            "among": Tokens(
                channels[-1], lowest, heads=heads, depth=depth, width=width, features=features
            ),
            "upper": [Linear(below, above) for above, below in pairs],
            "norms": [[(norm(out), norm(out)) for _ in range(blocks)] for out in channels[:-1]],
            "up": [level(out) for out in channels[:-1]],
        }
        for name, layers in drawn(key, ends | body).items():
            setattr(self, name, layers)
        self.image_shape = tuple(image_shape)

    def body(
        self, h: Float[Array, "height width channel"], time: Float[Array, " features"]
    ) -> Float[Array, "height width channel"]:
        seen = []
        for level, lower in zip(self.down, self.lower):
            for block in level:
                h = block(h, time)
                seen.append(h)
            h = lower(halved(h))
        h = h + self.among(h, time)
        for upper, norms, level in zip(self.upper[::-1], self.norms[::-1], self.up[::-1]):
            h = doubled(upper(h))
            for (of_h, of_seen), block in zip(norms, level):
                h = block(HALF * (of_h(h) + of_seen(seen.pop())), time)
        return h
