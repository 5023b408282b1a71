"""Set Transformer: attention among the rows of a set, then pooling by attention (Lee et al., 2019)."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.mlp import MLP
from inversion.networks.summaries.attention import SetEncoder
from inversion.networks.summaries.moments import Moments
from inversion.networks.summaries.summary import AbstractSummary


class SetTransformer(AbstractSummary):
    """rho(encoder(rows), location, spread, count); the rows are standardised by their own mean and spread.

    The defaults are cDiff's (Chen, Bansal and Scott, 2025): 4 blocks of 4 heads, 4 seeds, 3 blocks among these,
    set norm, width 256; BayesFlow's (2.0.12) are width 64, 2 blocks, layer norm, none after the seeds.
    """

    encoder: SetEncoder
    outer: MLP
    moments: Moments
    dim: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        y_shape: tuple[int, int],
        dim: int = 256,
        width: int = 256,
        heads: int = 4,
        blocks: int = 4,
        inducing: int = 0,
        seeds: int = 4,
        after: int = 3,
        norm: str = "set",
    ) -> None:
        columns = y_shape[1] - 1
        key_encoder, key_outer = jax.random.split(key)
        self.dim = dim
        self.encoder = SetEncoder(
            columns, width=width, heads=heads, blocks=blocks, inducing=inducing, seeds=seeds,
            after=after, norm=norm, key=key_encoder,
        )  # fmt: skip
        self.moments = Moments(y_shape[0], columns)
        features = seeds * width + 2 * columns + 1
        self.outer = MLP(features, dim, width=width, depth=2, activation="relu", key=key_outer)

    def __call__(self, y: Float[Array, "rows columns+1"]) -> Float[Array, " dim"]:
        features, centred, spread = self.moments(y)
        return self.outer(jnp.concatenate([self.encoder(centred / spread, y[:, -1]), features]))
