"""How a flow mixes its coordinates between two layers: by permutations, or by rotations that are learned.

Rotations as products of Householder reflections: Tomczak and Welling, 2016; in flows for general mixing, Kingma
and Dhariwal, Glow, 2018.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray


class Permutations(eqx.Module):
    """One permutation for each layer; the methods are those of one layer's slice."""

    indices: Int[Array, "*layers dim"]

    def forward(self, x: Float[Array, "dim *batch"]) -> Float[Array, "dim *batch"]:
        return x[self.indices]

    def inverse(self, z: Float[Array, "dim *batch"]) -> Float[Array, "dim *batch"]:
        return z[jnp.argsort(self.indices)]


class Rotations(eqx.Module):
    """One orthogonal matrix for each layer, so that log |det| is zero: a product of `dim` reflections."""

    vectors: Float[Array, "*layers dim dim"]

    def matrix(self) -> Float[Array, "dim dim"]:
        """Q = H_1 ... H_dim with H v = -v and H w = w for w orthogonal to v."""

        def reflect(q: Array, v: Array) -> tuple[Array, None]:
            return q - jnp.outer(q @ v, 2 * v / (v @ v)), None

        q, _ = jax.lax.scan(
            reflect, jnp.eye(len(self.vectors), dtype=self.vectors.dtype), self.vectors
        )
        return q

    def forward(self, x: Float[Array, "dim *batch"]) -> Float[Array, "dim *batch"]:
        return jnp.tensordot(self.matrix(), x, 1)

    def inverse(self, z: Float[Array, "dim *batch"]) -> Float[Array, "dim *batch"]:
        return jnp.tensordot(self.matrix().T, z, 1)


def alternating(key: PRNGKeyArray, layers: int, dim: int) -> Permutations:
    """None, then by turns the halves change places and, in more than two dimensions, all are shuffled.

    Two layers in a row thus move every coordinate; drawn at random alone, one coordinate in 2^layers would
    never be moved at all.
    """
    identity = jnp.arange(dim)
    swap = jnp.roll(identity, -(dim // 2))
    shuffles = [jax.random.permutation(k, dim) for k in jax.random.split(key, layers)]
    rows = [swap if dim == 2 or layer % 2 else shuffles[layer] for layer in range(1, layers)]
    return Permutations(jnp.stack([identity, *rows]))


def swapped(key: PRNGKeyArray, layers: int, dim: int) -> Permutations:
    """None, then the halves change places before every layer."""
    del key
    identity = jnp.arange(dim)
    return Permutations(jnp.stack([identity, *[jnp.roll(identity, -(dim // 2))] * (layers - 1)]))


def shuffled(key: PRNGKeyArray, layers: int, dim: int) -> Permutations:
    """Drawn at random before every layer, the first too."""
    return Permutations(
        jnp.stack([jax.random.permutation(k, dim) for k in jax.random.split(key, layers)])
    )


def rotated(key: PRNGKeyArray, layers: int, dim: int) -> Rotations:
    """A learned rotation before every layer, drawn at random to begin with."""
    return Rotations(jax.random.normal(key, (layers, dim, dim)))


PERMUTATIONS = {"random": alternating, "orthogonal": rotated, "swap": swapped}
