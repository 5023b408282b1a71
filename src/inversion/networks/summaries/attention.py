"""Multi-head attention over rows of which some pad, and the encoder of a set that is made of it.

Set Transformer (Lee et al., 2019), with norms within the branches and set norm (Zhang et al., 2022).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.mlp import MLP

NORMS = ("layer", "set")


class Attention(eqx.Module):
    """h + W relu(norm(h)), with h = x + attention of x to rows: the MAB of Lee et al.

    The values are the rows as they are; queries and keys are normed. Neither keys nor the values have a bias:
    the softmax forgets that of the keys, the bias after the values has that of the values.
    """

    maps: Float[Array, "*stack 5 width width"]  # of queries, keys, values, their sum, and W
    biases: Float[Array, "*stack 3 width"]  # of queries, of their sum, and with W
    scales: Float[Array, "*stack 2 width"]  # of the norms
    offsets: Float[Array, "*stack 2 width"]
    heads: int = eqx.field(static=True)
    norm: str = eqx.field(static=True)

    def __init__(
        self, width: int, *, heads: int, norm: str, stack: tuple[int, ...] = (), key: PRNGKeyArray
    ) -> None:
        """`stack`, leading axes of the leaves: as many blocks side by side."""
        if heads < 1 or width % heads:
            raise ValueError(f"Expected heads that divide a width of {width}; got {heads}.")
        if norm not in NORMS:
            raise ValueError(f"Expected a norm among {', '.join(NORMS)}; got {norm!r}.")
        self.maps = width**-0.5 * jax.random.normal(key, (*stack, 5, width, width))
        self.biases = jnp.zeros((*stack, 3, width))
        self.scales = jnp.ones((*stack, 2, width))
        self.offsets = jnp.zeros((*stack, 2, width))
        self.heads, self.norm = heads, norm

    def __call__(
        self,
        x: Float[Array, "queries width"],
        rows: Float[Array, "rows width"],
        *,
        x_mask: Float[Array, " queries"],
        mask: Float[Array, " rows"],
    ) -> Float[Array, "queries width"]:
        """Rows whose mask is 0 are not attended to; what comes out for such queries means nothing."""
        to_query, to_key, to_value, out, residual = self.maps
        split = lambda a: a.reshape(len(a), self.heads, -1)  # noqa: E731
        queries = split(self._normed(x, x_mask, 0) @ to_query + self.biases[0])
        keys = split(self._normed(rows, mask, 0) @ to_key)
        logits = jnp.einsum("qhd,khd->hqk", queries, keys) * queries.shape[-1] ** -0.5
        weights = jax.nn.softmax(jnp.where(mask > 0, logits, -1e9), axis=-1)
        seen = jnp.einsum("hqk,khd->qhd", weights, split(rows @ to_value)).reshape(x.shape)
        h = x + seen @ out + self.biases[1]
        return h + jax.nn.relu(self._normed(h, x_mask, 1)) @ residual + self.biases[2]

    def _normed(self, x: Array, mask: Array, which: int) -> Array:
        """Mean 0 and variance 1 over the columns of each row, or over all columns of all rows."""
        axis = 1 if self.norm == "layer" else (0, 1)
        weight = jnp.broadcast_to(mask[:, None], x.shape)
        count = jnp.maximum(jnp.sum(weight, axis=axis, keepdims=True), 1.0)
        centred = x - jnp.sum(weight * x, axis=axis, keepdims=True) / count
        variance = jnp.sum(weight * centred**2, axis=axis, keepdims=True) / count
        normed = centred * jax.lax.rsqrt(variance + 1e-5)
        return normed * self.scales[which] + self.offsets[which]


class SetEncoder(eqx.Module):
    """rows -> MLP -> `blocks` of attention among them -> `seeds` attend to them -> `after` blocks among the seeds.

    With `inducing` points the rows attend to these, and these to the rows: a cost of rows x inducing in place
    of rows^2. The blocks are scanned.
    """

    embed: MLP
    blocks: Attention
    points: Float[Array, "blocks inducing width"] | None
    seeds: Float[Array, "seeds width"]
    pool: Attention
    after: Attention | None

    def __init__(
        self,
        columns: int,
        *,
        width: int,
        heads: int,
        blocks: int,
        inducing: int,
        seeds: int,
        after: int,
        norm: str,
        key: PRNGKeyArray,
    ) -> None:
        if min(blocks, seeds) < 1 or min(inducing, after) < 0:
            raise ValueError(
                f"Expected at least 1 block and 1 seed, and no negative inducing or after; "
                f"got {blocks}, {seeds}, {inducing}, {after}."
            )
        keys = jax.random.split(key, 6)
        self.embed = MLP(columns, width, width=width, depth=2, activation="silu", key=keys[0])
        stack = (blocks, 2) if inducing else (blocks,)
        attention = lambda stack, key: Attention(  # noqa: E731
            width, heads=heads, norm=norm, stack=stack, key=key
        )
        self.blocks = attention(stack, keys[1])
        self.points = (
            jax.random.normal(keys[2], (blocks, inducing, width)) * width**-0.5
            if inducing
            else None
        )
        self.seeds = jax.random.normal(keys[3], (seeds, width)) * width**-0.5
        self.pool = attention((), keys[4])
        self.after = attention((after,), keys[5]) if after else None

    def __call__(
        self, rows: Float[Array, "rows columns"], mask: Float[Array, " rows"]
    ) -> Float[Array, " seeds*width"]:
        def block(x: Array, layer: tuple[Attention, Array | None]) -> tuple[Array, None]:
            attention, points = layer
            if points is None:
                return attention(x, x, x_mask=mask, mask=mask), None
            to_points, to_rows = _unstacked(attention)
            every = jnp.ones(len(points))
            points = to_points(points, x, x_mask=every, mask=mask)
            return to_rows(x, points, x_mask=mask, mask=every), None

        x, _ = jax.lax.scan(block, jax.vmap(self.embed)(rows), (self.blocks, self.points))
        every = jnp.ones(len(self.seeds))
        h = self.pool(self.seeds, x, x_mask=every, mask=mask)
        if self.after is not None:
            among = lambda h, attention: (attention(h, h, x_mask=every, mask=every), None)  # noqa: E731
            h, _ = jax.lax.scan(among, h, self.after)
        return h.reshape(-1)


def _unstacked(blocks: Attention) -> tuple[Attention, ...]:
    num = len(blocks.maps)
    return tuple(jax.tree.map(lambda leaf, i=i: leaf[i], blocks) for i in range(num))
