"""Unconditional spline coupling flow of the prior: minimise E[-log q(theta)] over prior draws; y is not read."""

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.estimator import AbstractDensityEstimator
from inversion.estimators.flow import Flow
from inversion.posterior import AbstractTransport


class FlowPrior(AbstractDensityEstimator, AbstractTransport):
    """q(theta) = N(T(theta); 0, I) |det dT/dtheta|, with T open for refinements to use."""

    flow: Flow

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        layers: int = 6,
        knots: int = 8,
        interval: float = 5.0,
        width: int = 64,
        depth: int = 2,
        activation: str = "relu",
    ) -> None:
        del y_shape
        self.flow = Flow(
            key=key,
            theta_dim=theta_dim,
            y_shape=(0,),
            layers=layers,
            knots=knots,
            interval=interval,
            width=width,
            depth=depth,
            activation=activation,
        )

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        return self.flow.log_prob(theta, jnp.zeros((0,), theta.dtype))

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        return self.flow.sample(key, jnp.zeros((0,), y.dtype), num)

    def to_latent(self, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return self.flow.transform.forward(theta, jnp.zeros((0,), theta.dtype))[0]

    def from_latent(self, z: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return self.flow.transform.inverse(z, jnp.zeros((0,), z.dtype))[0]
