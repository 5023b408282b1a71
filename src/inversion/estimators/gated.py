"""A conditional flow that can split its mass: a mixture of a few, whose weights depend on y.

A flow is continuous, so that modes stay joined by a thread of mass, and where they move with y, one that has left a
mode does not find it again. Here the members share one network, told apart by a one-hot code beside y, so that a draw
takes one pass; a small network of y gives the weights (a mixture of experts: Jacobs et al., 1991).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators import ESTIMATORS
from inversion.estimators.estimator import AbstractDensityEstimator
from inversion.estimators.normalising_flow import AbstractNormalisingFlow, context_dim
from inversion.networks.conditioner import condition
from inversion.networks.mlp import MLP
from inversion.registry import build


class Components(NamedTuple):
    """A draw from every member for every y: of it the member's weight, and the log-density of the whole mixture."""

    weights: Float[Array, "members n"]
    theta: Float[Array, "members n dim"]
    log_prob: Float[Array, "members n"]


class Gated(AbstractDensityEstimator):
    """q(theta | y) = sum_k w_k(y) q_k(theta | y), each member an affine map of its own after the shared `flow`.

    `flow` is the entry of a normalising flow. The members start `spread` apart, their weights equal, at a width of
    `scale`; `width` and `depth` are of the weights' network.
    """

    flow: AbstractNormalisingFlow
    gate: MLP
    centres: Float[Array, "dim members"]
    log_scales: Float[Array, "dim members"]

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        flow: Mapping[str, Any],
        members: int = 4,
        spread: float = 1.0,
        scale: float = 1.0,
        width: int = 64,
        depth: int = 2,
    ) -> None:
        if members < 1 or not (spread >= 0 and scale > 0):
            raise ValueError(
                "Expected at least 1 of members, spread of at least 0 and scale above 0; "
                f"got {members}, {spread} and {scale}."
            )
        key_flow, key_gate, key_centres = jax.random.split(key, 3)
        context = context_dim(y_shape)
        self.flow = build(
            ESTIMATORS, flow, key=key_flow, theta_dim=theta_dim, y_shape=(context + members,)
        )
        if not isinstance(self.flow, AbstractNormalisingFlow):
            raise ValueError(f"Expected members that are normalising flows; got {flow['kind']!r}.")
        gate = MLP(context, members, width=width, depth=depth, activation="silu", key=key_gate)
        gate.weights[-1], gate.biases[-1] = 0 * gate.weights[-1], 0 * gate.biases[-1]
        self.gate = gate
        self.centres = spread * jax.random.normal(key_centres, (theta_dim, members))
        self.log_scales = jnp.full((theta_dim, members), jnp.log(scale))

    @property
    def members(self) -> int:
        return self.centres.shape[1]

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        return self._log_prob(theta, jnp.ravel(y))

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        key_which, key_base = jax.random.split(key)
        context = jnp.ravel(y)
        log_weights = condition(self.gate, jnp.zeros((0,), y.dtype), context)
        which = jax.random.categorical(key_which, log_weights, shape=(num,))
        codes = jax.nn.one_hot(which, self.members, axis=0, dtype=y.dtype)
        beside = jnp.broadcast_to(context[:, None], (len(context), num))
        z = self.flow.base.sample(key_base, num, y.dtype)
        x = self.flow.transform.inverse(z.T, jnp.concatenate([beside, codes]))[0]
        return (self.centres[:, which] + jnp.exp(self.log_scales[:, which]) * x).T

    def components(self, key: PRNGKeyArray, y: Float[Array, "n *event"]) -> Components:
        """One draw of each member for each y, so that an expectation over the mixture draws no member."""
        context = y.reshape(len(y), -1).T
        num = len(y) * self.members
        z = self.flow.base.sample(key, num, y.dtype).T.reshape(-1, self.members, len(y))
        x = self.flow.transform.inverse(z, self._coded(context))[0]
        theta = self.centres[..., None] + jnp.exp(self.log_scales)[..., None] * x
        return Components(
            jnp.exp(self._log_weights(context)),
            jnp.moveaxis(theta, 0, -1),
            self._log_prob(theta, context[:, None]),
        )

    def _log_weights(self, context: Float[Array, "context *batch"]) -> Array:
        logits = condition(self.gate, jnp.zeros((0, *context.shape[1:]), context.dtype), context)
        return jax.nn.log_softmax(logits, axis=0)

    def _log_prob(
        self, theta: Float[Array, "dim *batch"], context: Float[Array, "context *batch"]
    ) -> Float[Array, "*batch"]:
        """The axes of the batch agree, or the context's are one."""
        context = jnp.broadcast_to(context, (len(context), *theta.shape[1:]))
        own = (..., *[None] * (theta.ndim - 1))
        centres, log_scales = self.centres[own], self.log_scales[own]
        x = (theta[:, None] - centres) * jnp.exp(-log_scales)
        z, log_det = self.flow.transform.forward(x, self._coded(context))
        each = log_det + self.flow.base.log_prob(z) - jnp.sum(log_scales, axis=0)
        return jax.nn.logsumexp(self._log_weights(context) + each, axis=0)

    def _coded(self, context: Float[Array, "context *batch"]) -> Array:
        """The context beside each member's code, along an axis of the members in front of the batch."""
        batch = context.shape[1:]
        shape = (len(context), self.members, *batch)
        codes = jnp.eye(self.members, dtype=context.dtype).reshape(
            self.members, self.members, *[1] * len(batch)
        )
        codes = jnp.broadcast_to(codes, (self.members, self.members, *batch))
        return jnp.concatenate([jnp.broadcast_to(context[:, None], shape), codes])


def components(estimator: Any, key: PRNGKeyArray, y: Float[Array, "n *event"]) -> Components:
    """Those of a gated flow, or of a normalising flow, which has one member."""
    if isinstance(estimator, Gated):
        return estimator.components(key, y)
    z = estimator.base.sample(key, len(y), y.dtype).T
    theta, log_det = estimator.transform.inverse(z, y.reshape(len(y), -1).T)
    log_prob = estimator.base.log_prob(z) - log_det
    return Components(jnp.ones((1, len(y)), y.dtype), theta.T[None], log_prob[None])
