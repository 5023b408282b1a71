"""A transformer for series: rows with learned features of their time, attention, pooling by attention.

Vaswani et al., 2017, with Time2Vec (Kazemi et al., 2019), as in BayesFlow's TimeSeriesTransformer (2.0.12).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.mlp import MLP
from inversion.networks.summaries.attention import SetEncoder
from inversion.networks.summaries.moments import Moments
from inversion.networks.summaries.patches import check_stride, patch_columns, patches
from inversion.networks.summaries.summary import AbstractSummary


class TimeSeriesTransformer(AbstractSummary):
    """rho(encoder(rows and times), location, spread, count).

    The defaults are BayesFlow's: width 64, 2 blocks of 4 heads, 8 features of time, layer norm; its dropout is left
    out. Attention costs rows^2: `inducing` points, or a `stride` of rows read as one, make long series cheap.
    """

    frequencies: Float[Array, " features"]
    phases: Float[Array, " features"]
    encoder: SetEncoder
    outer: MLP
    moments: Moments
    rows: int = eqx.field(static=True)
    stride: int = eqx.field(static=True)
    dim: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        y_shape: tuple[int, int],
        dim: int = 16,
        width: int = 64,
        heads: int = 4,
        blocks: int = 2,
        inducing: int = 0,
        seeds: int = 4,
        after: int = 0,
        norm: str = "layer",
        features: int = 8,
        stride: int = 1,
    ) -> None:
        check_stride(stride)
        columns = y_shape[1] - 1
        key_encoder, key_outer, key_phases = jax.random.split(key, 3)
        self.dim, self.stride = dim, stride
        self.rows = -(-y_shape[0] // stride)
        self.frequencies = jnp.geomspace(0.5, max(self.rows / 4, 1.0), features)
        self.phases = jax.random.uniform(key_phases, (features,), maxval=2 * jnp.pi)
        self.encoder = SetEncoder(
            patch_columns(columns, stride) + features + 1, width=width, heads=heads, blocks=blocks,
            inducing=inducing, seeds=seeds, after=after, norm=norm, key=key_encoder,
        )  # fmt: skip
        self.moments = Moments(y_shape[0], columns)
        pooled = seeds * width + 2 * columns + 1
        self.outer = MLP(pooled, dim, width=width, depth=2, activation="relu", key=key_outer)

    def __call__(self, y: Float[Array, "rows columns+1"]) -> Float[Array, " dim"]:
        x, mask = patches(y, self.stride)
        t = jnp.arange(len(x), dtype=x.dtype)[:, None] / self.rows  # 1 at the end of the longest
        waves = jnp.sin(2 * jnp.pi * self.frequencies * t + self.phases)
        encoded = self.encoder(jnp.concatenate([x, waves, t], axis=1), mask)
        features, _, _ = self.moments(y)
        return self.outer(jnp.concatenate([encoded, features]))
