"""Conditional spline coupling flow: minimise E[-log q(theta | y)] over simulated pairs.

Papamakarios and Murray, 2016; Greenberg, Nonnenmacher and Macke, 2019 (neural posterior estimation); couplings
with rational-quadratic splines by Durkan et al., 2019. The conditioners read y.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.estimator import AbstractDensityEstimator
from inversion.networks.coupling import SplineCoupling


class Flow(AbstractDensityEstimator):
    """q(theta | y) = N(T(theta | y); 0, I) |det dT/dtheta|."""

    transform: SplineCoupling

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
        self.transform = SplineCoupling(
            theta_dim,
            context_dim(y_shape),
            layers=layers,
            knots=knots,
            interval=interval,
            width=width,
            depth=depth,
            activation=activation,
            key=key,
        )

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        z, log_det = self.transform.forward(theta, jnp.ravel(y))
        return log_det - 0.5 * jnp.sum(z**2 + jnp.log(2 * jnp.pi))

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        z = jax.random.normal(key, (num, self.transform.permutations.shape[1]), y.dtype)
        context = jnp.ravel(y)
        return jax.vmap(lambda z: self.transform.inverse(z, context)[0])(z)


def context_dim(y_shape: tuple[int, ...]) -> int:
    """The number of coordinates of one y."""
    size = 1
    for length in y_shape:
        size *= length
    return size
