"""A flow of the prior: minimise E[-log q(theta)] over prior draws; y is not read."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators import ESTIMATORS
from inversion.estimators.estimator import AbstractDensityEstimator
from inversion.estimators.normalising_flow import AbstractNormalisingFlow
from inversion.networks.base import Normal
from inversion.posterior import AbstractTransport
from inversion.registry import build


class FlowPrior(AbstractDensityEstimator, AbstractTransport):
    """q(theta) = N(T(theta); 0, I) |det dT/dtheta|, with T open for refinements to use.

    `flow` is the entry of an estimator that is a normalising flow: its kind and settings.
    """

    flow: AbstractNormalisingFlow

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        flow: Mapping[str, Any],
    ) -> None:
        del y_shape
        self.flow = build(ESTIMATORS, flow, key=key, theta_dim=theta_dim, y_shape=(0,))
        if not isinstance(self.flow, AbstractNormalisingFlow):
            raise ValueError(f"Expected a normalising flow; got {flow['kind']!r}.")
        if not isinstance(self.flow.base, Normal):
            raise ValueError(
                f"Expected a flow with the base 'normal', where refinements work; got {flow['base']!r}."
            )

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        return self.flow.log_prob(theta, jnp.zeros((0,), theta.dtype))

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        return self.flow.sample(key, jnp.zeros((0,), y.dtype), num)

    def to_latent(self, theta: Float[Array, "dim *batch"]) -> Float[Array, "dim *batch"]:
        return self.flow.transform.forward(theta, jnp.zeros((0,), theta.dtype))[0]

    def from_latent(self, z: Float[Array, "dim *batch"]) -> Float[Array, "dim *batch"]:
        return self.flow.transform.inverse(z, jnp.zeros((0,), z.dtype))[0]

    def to_latents(self, theta: Float[Array, "num dim"]) -> Float[Array, "num dim"]:
        return self.to_latent(theta.T).T

    def from_latents(self, z: Float[Array, "num dim"]) -> Float[Array, "num dim"]:
        return self.from_latent(z.T).T
