"""Layers of images for one sample, (height, width, channel); a batch is `jax.vmap` of them.

A convolution is written as matrix products of shifted rows: on a processor core its gradient takes a tenth of the time
that the gradient of XLA's own convolution takes, and a derivative along a direction needs nothing more.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

EPS = 1e-5


def patches(h: Float[Array, "height width channel"], size: int) -> list[Array]:
    """For each row of a `size` x `size` window, what it sees around each pixel: (height, width, size * channel)."""
    height, width, _ = h.shape
    around = size // 2
    if not around:
        return [h]
    padded = jnp.pad(h, ((around, around), (around, around), (0, 0)))
    along = jnp.concatenate([padded[:, j : j + width] for j in range(size)], axis=-1)
    return [along[i : i + height] for i in range(size)]


class Convolution(eqx.Module):
    """A window of odd `size` on an image that zeros surround; size 1 is a linear map of the channels."""

    weight: Float[Array, "size size*into out"]
    bias: Float[Array, " out"]

    def __init__(self, into: int, out: int, size: int = 3, *, scale: float = 1.0) -> None:
        """Weights are those of `drawn`, in standard deviations."""
        self.weight = jnp.full((size, size * into, out), scale * (size**2 * into) ** -0.5)
        self.bias = jnp.zeros(out)

    def __call__(self, h: Float[Array, "height width into"]) -> Float[Array, "height width out"]:
        seen = patches(h, len(self.weight))
        return sum(row @ weight for row, weight in zip(seen, self.weight)) + self.bias


class Linear(eqx.Module):
    """Of the last axis."""

    weight: Float[Array, "into out"]
    bias: Float[Array, " out"]

    def __init__(self, into: int, out: int, *, scale: float = 1.0) -> None:
        """Weights are those of `drawn`, in standard deviations."""
        self.weight = jnp.full((into, out), scale * max(into, 1) ** -0.5)
        self.bias = jnp.zeros(out)

    def __call__(self, h: Float[Array, "*shape into"]) -> Float[Array, "*shape out"]:
        return h @ self.weight + self.bias


class GroupNorm(eqx.Module):
    """Mean 0 and variance 1 over the pixels and a group of channels (Wu and He, 2018), then a scale and an offset."""

    scale: Float[Array, " channel"]
    offset: Float[Array, " channel"]
    groups: int = eqx.field(static=True)

    def __init__(self, channels: int, groups: int) -> None:
        """As many groups as divide both numbers."""
        self.scale, self.offset = jnp.ones(channels), jnp.zeros(channels)
        self.groups = math.gcd(channels, groups)

    def __call__(self, h: Float[Array, "*shape channel"]) -> Float[Array, "*shape channel"]:
        # Moments of each channel first: sums over the last axis of a large array are slow.
        flat = h.reshape(-1, h.shape[-1])
        share = lambda each: jnp.repeat(  # noqa: E731
            jnp.mean(each.reshape(self.groups, -1), axis=1), h.shape[-1] // self.groups
        )
        mean = share(jnp.mean(flat, axis=0))
        variance = share(jnp.mean((flat - mean) ** 2, axis=0))
        factor = self.scale * jax.lax.rsqrt(variance + EPS)
        return h * factor + (self.offset - mean * factor)


class Block(eqx.Module):
    """h + convolution(film(convolution(h))), each after a norm and SiLU (Ho, Jain and Abbeel, 2020).

    The time scales and shifts the channels in between (FiLM; Perez et al., 2018); the last convolution starts at zero.
    """

    norms: tuple[GroupNorm, GroupNorm]
    first: Convolution
    second: Convolution
    film: Linear
    skip: Linear | None

    def __init__(self, into: int, out: int, *, features: int, groups: int) -> None:
        self.norms = GroupNorm(into, groups), GroupNorm(out, groups)
        self.first, self.second = Convolution(into, out), Convolution(out, out, scale=0.0)
        self.film = Linear(features, 2 * out)
        self.skip = None if into == out else Linear(into, out)

    def __call__(
        self, h: Float[Array, "height width into"], time: Float[Array, " features"]
    ) -> Float[Array, "height width out"]:
        before, after = self.norms
        moved = self.first(jax.nn.silu(before(h)))
        scale, shift = jnp.split(self.film(time), 2)
        moved = self.second(jax.nn.silu(after(moved) * (1 + scale) + shift))
        return (h if self.skip is None else self.skip(h)) + moved


def halved(h: Float[Array, "height width channel"]) -> Float[Array, "height/2 width/2 channel"]:
    """Means of 2 x 2 pixels; height and width are even."""
    rows = 0.5 * (h[::2] + h[1::2])
    return 0.5 * (rows[:, ::2] + rows[:, 1::2])


def doubled(h: Float[Array, "height width channel"]) -> Float[Array, "2*height 2*width channel"]:
    """Each pixel as 2 x 2."""
    height, width, channels = h.shape
    wide = jnp.broadcast_to(h[:, None, :, None], (height, 2, width, 2, channels))
    return wide.reshape(2 * height, 2 * width, channels)


def resized(
    h: Float[Array, "height width channel"], height: int, width: int
) -> Float[Array, "height width channel"]:
    """Pixels repeated where the sizes are whole multiples; otherwise linear between them."""
    if h.shape[:2] == (height, width):
        return h
    whole = height % h.shape[0] == 0 and width % h.shape[1] == 0
    return jax.image.resize(h, (height, width, h.shape[2]), "nearest" if whole else "linear")


def drawn(key: PRNGKeyArray, module: eqx.Module) -> eqx.Module:
    """The module with normal weights, all leaves of two axes or more, whose scales stand in it so far.

    One draw for all: a random generator is slow to compile.
    """
    leaves, structure = jax.tree.flatten(module)
    weights = [eqx.is_inexact_array(leaf) and leaf.ndim > 1 for leaf in leaves]
    sizes = [leaf.size if weight else 0 for leaf, weight in zip(leaves, weights, strict=True)]
    normal, start = jax.random.normal(key, (sum(sizes),)), 0
    for i, size in enumerate(sizes):
        if weights[i]:
            leaves[i] = leaves[i] * normal[start : start + size].reshape(leaves[i].shape)
            start += size
    return jax.tree.unflatten(structure, leaves)
