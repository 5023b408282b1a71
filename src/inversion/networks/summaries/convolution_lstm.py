"""Convolutions, then a bidirectional LSTM: the summary of a series by Chen, Bansal and Scott, 2025 (cDiff).

The LSTM is that of Hochreiter and Schmidhuber, 1997, with a forget gate, in the layout of PyTorch's.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.summaries.patches import check_stride, patch_columns, patches
from inversion.networks.summaries.summary import AbstractSummary


class Inception(eqx.Module):
    """Three branches with windows of 1, 3 and 5 rows, joined, and a linear map of the row itself.

    The neighbour that an edge lacks is the edge itself; the last observed row is one.
    """

    reduce: Float[Array, "into 3*filters"]
    reduce_bias: Float[Array, " 3*filters"]
    windows: Float[Array, "3 3*filters filters"]
    window_biases: Float[Array, "3 filters"]
    join: Float[Array, "3*filters out"]
    skip: Float[Array, "into out"]
    join_bias: Float[Array, " out"]

    def __init__(self, into: int, out: int, *, filters: int, key: PRNGKeyArray) -> None:
        keys = jax.random.split(key, 6)
        self.reduce = _uniform(keys[0], into, (into, 3 * filters))
        self.reduce_bias = _uniform(keys[1], into, (3 * filters,))
        self.windows = _uniform(keys[2], 3 * filters, (3, 3 * filters, filters))
        self.window_biases = _uniform(keys[3], 3 * filters, (3, filters))
        self.join = _uniform(keys[4], 3 * filters, (3 * filters, out))
        self.skip = _uniform(keys[5], into, (into, out))
        self.join_bias = jnp.zeros(out)

    def __call__(
        self, x: Float[Array, "rows into"], mask: Float[Array, " rows"]
    ) -> Float[Array, "rows out"]:
        one, three, five = jnp.split(jax.nn.elu(x @ self.reduce + self.reduce_bias), 3, axis=1)
        three = self._convolved(0, three, mask)
        five = self._convolved(2, self._convolved(1, five, mask), mask)
        joined = jnp.concatenate([one, three, five], axis=1) @ self.join
        return jax.nn.leaky_relu(joined + x @ self.skip + self.join_bias, 0.1)

    def _convolved(self, which: int, x: Array, mask: Array) -> Array:
        return jax.nn.elu(_window(x, mask) @ self.windows[which] + self.window_biases[which])


class BiLSTM(eqx.Module):
    """`layers` of LSTMs in both directions; rows that pad leave the state as it is, so that the backward direction
    starts at the last observed row.

    Both directions go in one scan, with the products of the rows worked out before it; the layers are scanned.
    The gradient works each step out again: faster, and in less memory, than to keep its gates.
    """

    into: Float[Array, "layers 2 2*units 4*units"]
    recurrent: Float[Array, "layers 2 units 4*units"]
    bias: Float[Array, "layers 2 4*units"]

    def __init__(self, units: int, *, layers: int, key: PRNGKeyArray) -> None:
        keys = jax.random.split(key, 3)
        self.into = _uniform(keys[0], units, (layers, 2, 2 * units, 4 * units))
        self.recurrent = _uniform(keys[1], units, (layers, 2, units, 4 * units))
        self.bias = _uniform(keys[2], units, (layers, 2, 4 * units))

    def __call__(
        self, x: Float[Array, "rows 2*units"], mask: Float[Array, " rows"]
    ) -> Float[Array, " 2*units"]:
        """The forward state after the last row beside the backward state after the first."""
        observed = jnp.stack([mask, mask[::-1]], axis=1) > 0

        def layer(x: Array, weights: tuple[Array, Array, Array]) -> tuple[Array, Array]:
            into, recurrent, bias = weights
            given = jnp.stack([x @ into[0], x[::-1] @ into[1]], axis=1) + bias
            zeros = jnp.zeros(recurrent.shape[:2], x.dtype)

            def step(state: tuple[Array, Array], row: tuple[Array, Array]) -> tuple:
                h, c = state
                gates, keep = row
                moved = jnp.stack([h[0] @ recurrent[0], h[1] @ recurrent[1]])
                i, f, g, o = jnp.split(gates + moved, 4, axis=-1)
                new_c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                new_h = jax.nn.sigmoid(o) * jnp.tanh(new_c)
                h = jnp.where(keep[:, None], new_h, h)
                return (h, jnp.where(keep[:, None], new_c, c)), h

            (last, _), states = jax.lax.scan(
                jax.checkpoint(step), (zeros, zeros), (given, observed)
            )
            return jnp.concatenate([states[:, 0], states[::-1, 1]], axis=1), last.reshape(-1)

        _, last = jax.lax.scan(layer, x, (self.into, self.recurrent, self.bias))
        return last[-1]


class ConvolutionLSTM(AbstractSummary):
    """Each row through a linear map and an ELU, an inception block, a bidirectional LSTM.

    The defaults are cDiff's: 2 layers of 128 units in each direction, which make `dim` of 256, and 16 filters.
    A `stride` above 1, which cDiff does not have, reads as many rows as one: the LSTM's steps, whose cost is that of
    the whole, are fewer by it.
    """

    lift: Float[Array, "into 4*into"]
    lift_bias: Float[Array, " 4*into"]
    inception: Inception
    lstm: BiLSTM
    stride: int = eqx.field(static=True)
    dim: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        y_shape: tuple[int, int],
        dim: int = 256,
        filters: int = 16,
        layers: int = 2,
        stride: int = 1,
    ) -> None:
        check_stride(stride)
        if dim < 2 or dim % 2:
            raise ValueError(f"Expected an even dim, half of it for each direction; got {dim}.")
        keys = jax.random.split(key, 4)
        into = patch_columns(y_shape[1] - 1, stride)
        self.lift = _uniform(keys[0], into, (into, 4 * into))
        self.lift_bias = _uniform(keys[1], into, (4 * into,))
        self.inception = Inception(4 * into, dim, filters=filters, key=keys[2])
        self.lstm = BiLSTM(dim // 2, layers=layers, key=keys[3])
        self.stride, self.dim = stride, dim

    def __call__(self, y: Float[Array, "rows columns+1"]) -> Float[Array, " dim"]:
        x, mask = patches(y, self.stride)
        x = jax.nn.elu(x @ self.lift + self.lift_bias)
        return self.lstm(self.inception(x, mask), mask)


def _window(x: Array, mask: Array) -> Array:
    """Beside each row the one before and the one after it."""
    before = jnp.concatenate([x[:1], x[:-1]])
    followed = jnp.concatenate([mask[1:], jnp.zeros_like(mask[:1])])[:, None] > 0
    after = jnp.where(followed, jnp.concatenate([x[1:], x[-1:]]), x)
    return jnp.concatenate([before, x, after], axis=1)


def _uniform(key: PRNGKeyArray, fan_in: int, shape: tuple[int, ...]) -> Array:
    return fan_in**-0.5 * jax.random.uniform(key, shape, minval=-1.0)
