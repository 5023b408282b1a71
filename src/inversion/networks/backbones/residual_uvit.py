"""A residual U-ViT: one skip for each resolution, added to what comes up, and more blocks on the way up.

After BayesFlow's ResidualUViT (2.0.12), itself after Hoogeboom et al., 2024 (simpler diffusion).
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


class ResidualUViT(AbstractImageBackbone):
    """`down` and `up` blocks of `channels[i]` channels at the i-th resolution, then `depth` layers of `width`.

    What a level sees below itself is the change: it adds to what was seen before the sides were halved.
    """

    clock: Clock
    stem: Convolution
    straight: Straight
    before: list[list[Block]]
    lower: list[Linear]
    among: Tokens
    upper: list[Linear]
    after: list[list[Block]]
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
        down: int = 1,
        up: int = 2,
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
        features: int = 32,
        frequency: float = 1.0,
        groups: int = 8,
        straight: int = 3,
    ) -> None:
        channels = check_levels(channels, down=down, up=up, depth=depth)
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
        level = lambda out, blocks: [  # noqa: E731
            Block(out, out, features=features, groups=groups) for _ in range(blocks)
        ]
        pairs = list(pairwise(channels))
        self.multiple = 2 ** len(pairs)
        lowest = [-(-side // self.multiple) for side in image_shape[:2]]
        body = {
            "before": [level(out, down) for out in channels[:-1]],
            "lower": [Linear(above, below) for above, below in pairs],
            "among": Tokens(
                channels[-1], lowest, heads=heads, depth=depth, width=width, features=features
            ),
            "upper": [Linear(below, above) for above, below in pairs],
            "after": [level(out, up) for out in channels[:-1]],
        }
        for name, layers in drawn(key, ends | body).items():
            setattr(self, name, layers)
        self.image_shape = tuple(image_shape)

    def body(
        self, h: Float[Array, "height width channel"], time: Float[Array, " features"]
    ) -> Float[Array, "height width channel"]:
        seen = []
        for level, lower in zip(self.before, self.lower):
            for block in level:
                h = block(h, time)
            seen.append(h)
            h = lower(halved(h))
        h = h + self.among(h, time)
        for upper, level in zip(self.upper[::-1], self.after[::-1]):
            h = seen.pop() + doubled(upper(h))
            for block in level:
                h = block(h, time)
        return h
