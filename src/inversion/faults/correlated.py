"""Right margins, wrong correlation: what no look at one coordinate at a time can see."""

import equinox as eqx
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float

from inversion.faults.fault import AbstractFault
from inversion.faults.gaussian import gaussian_posterior
from inversion.tasks.task import ExactTask


class Correlated(AbstractFault):
    """A Gaussian posterior of independent coordinates, drawn with one `correlation` between any two of them."""

    correlation: float = eqx.field(static=True)

    def __init__(self, *, correlation: float) -> None:
        if not 0 <= correlation < 1:
            raise ValueError(f"Expected a correlation from 0 to less than 1; got {correlation}.")
        self.correlation = correlation

    def posterior(self, task: ExactTask, y: Float[Array, "*event"]) -> dist.Distribution:
        exact = gaussian_posterior(task, y)
        scale = jnp.broadcast_to(exact.scale, exact.loc.shape)
        rho = self.correlation
        factor = jnp.linalg.cholesky((1 - rho) * jnp.eye(len(scale)) + rho)
        return dist.MultivariateNormal(exact.loc, scale_tril=scale[:, None] * factor)
