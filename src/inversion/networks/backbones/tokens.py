"""A transformer over the pixels of a small image, each a token."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from inversion.networks.convolution import EPS, Linear


class Layer(eqx.Module):
    """h + attention(h), then h + MLP(h), each after a layer norm (Vaswani et al., 2017)."""

    inward: Linear  # queries, keys and values
    outward: Linear
    hidden: Linear
    out: Linear
    film: Linear | None
    heads: int = eqx.field(static=True)

    def __init__(self, width: int, *, heads: int, features: int, hidden: int) -> None:
        """With `features` of it the time scales and shifts what the MLP reads."""
        if heads < 1 or width % heads:
            raise ValueError(f"Expected heads that divide a width of {width}; got {heads}.")
        self.inward, self.outward = Linear(width, 3 * width), Linear(width, width, scale=0.0)
        self.hidden, self.out = Linear(width, hidden), Linear(hidden, width, scale=0.0)
        self.film = Linear(features, 2 * width) if features else None
        self.heads = heads

    def __call__(
        self, h: Float[Array, "token width"], time: Float[Array, " features"]
    ) -> Float[Array, "token width"]:
        maps = self.inward(_normed(h)).reshape(len(h), 3, self.heads, -1)
        queries, keys, values = maps[:, 0], maps[:, 1], maps[:, 2]
        logits = jnp.einsum("qhd,khd->hqk", queries, keys) * queries.shape[-1] ** -0.5
        seen = jnp.einsum("hqk,khd->qhd", jax.nn.softmax(logits, axis=-1), values)
        h = h + self.outward(seen.reshape(h.shape))
        read = _normed(h)
        if self.film is not None:
            scale, shift = jnp.split(self.film(time), 2)
            read = read * (1 + scale) + shift
        return h + self.out(jax.nn.silu(self.hidden(read)))


class Tokens(eqx.Module):
    """`depth` layers of `width`, after a learned position of each pixel; without a width, that of the image."""

    inward: Linear | None
    positions: Float[Array, "token width"]
    layers: list[Layer]
    outward: Linear | None

    def __init__(
        self,
        channels: int,
        sides: Sequence[int],
        *,
        heads: int,
        depth: int = 1,
        width: int | None = None,
        features: int = 0,
    ) -> None:
        self.inward = None if width is None else Linear(channels, width)
        self.outward = None if width is None else Linear(width, channels)
        width = channels if width is None else width
        self.positions = jnp.full((sides[0] * sides[1], width), 0.1)
        self.layers = [
            Layer(width, heads=heads, features=features, hidden=2 * width) for _ in range(depth)
        ]

    def __call__(
        self, image: Float[Array, "height width channel"], time: Float[Array, " features"]
    ) -> Float[Array, "height width channel"]:
        h = image.reshape(-1, image.shape[-1])
        h = (h if self.inward is None else self.inward(h)) + self.positions
        for layer in self.layers:
            h = layer(h, time)
        return (h if self.outward is None else self.outward(h)).reshape(image.shape)


def _normed(h: Float[Array, "token width"]) -> Float[Array, "token width"]:
    """Mean 0 and variance 1 over each token; the map that follows scales and shifts."""
    centred = h - jnp.mean(h, axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt(jnp.mean(centred**2, axis=-1, keepdims=True) + EPS)
