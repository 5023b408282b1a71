"""Prey and predators followed over time, with correlated errors of reading (cDiff, `lotka_volterra`).

x' = alpha x - beta x z, z' = -gamma z + delta x z from (20, 5), read at n equispaced times from 0 to 30 with noise
N(0, R), R = [[s_1^2, c], [c, s_2^2]], c = rho s_1 s_2; alpha ~ U(0.5, 1), beta ~ U(0.01, 0.1), gamma ~ U(0.01, 0.5),
delta ~ U(0.005, 0.05), s ~ Gamma(5, rate 5), rho ~ U(-0.1, 0.1); theta = (alpha, beta, gamma, delta, s_1, s_2, c).
The equations are integrated in log x and log z. Chen, Bansal and Scott, 2025, arXiv 2410.19105.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, Int, PRNGKeyArray
from numpyro.distributions.transforms import ComposeTransform, ParameterFreeTransform, biject_to

from inversion.integrate import Tableau, fixed
from inversion.tasks.columns import Columns
from inversion.tasks.rows import check_rows, count, first, observed
from inversion.tasks.task import SmoothTask

START = (20.0, 5.0)
STEP = 0.03  # the longest; a state moves by a factor of e in a tenth where it moves the fastest
STAGES = ((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0))
RK4 = Tableau((0.0, 0.5, 0.5, 1.0), STAGES, (1 / 6, 1 / 3, 1 / 3, 1 / 6))


class LotkaVolterraSeries(SmoothTask):
    """`min_rows` to `max_rows` times, each count as likely, so that a longer series is a finer one."""

    duration: float = eqx.field(static=True)
    min_rows: int = eqx.field(static=True)
    max_rows: int = eqx.field(static=True)

    def __init__(self, *, duration: float = 30.0, min_rows: int = 200, max_rows: int = 499) -> None:
        if not duration > 0:
            raise ValueError(f"Expected duration of lotka_volterra_series above 0; got {duration}.")
        check_rows("lotka_volterra_series", min_rows, max_rows, least=2)
        self.duration, self.min_rows, self.max_rows = duration, min_rows, max_rows

    def prior(self) -> dist.Distribution:
        return dist.TransformedDistribution(RATES_AND_NOISE, COVARIANCE)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "7"]) -> Float[Array, "rows 2"]:
        key_rows, key_noise = jax.random.split(key)
        n = count(key_rows, self.min_rows, self.max_rows)
        noise = jax.random.normal(key_noise, (self.max_rows, 2), theta.dtype)
        return first(n, self.states(theta, n) + noise @ _factor(theta).T)

    def log_likelihood(
        self, theta: Float[Array, "7"], y: Float[Array, "rows 2"]
    ) -> Float[Array, ""]:
        """Of the rows that there are: normalised over them, given how many."""
        states = self.states(theta, jnp.sum(observed(y)))[: len(y)]
        residual = jnp.where(observed(y), y - states, 0.0)
        each = dist.MultivariateNormal(scale_tril=_factor(theta)).log_prob(residual)
        return jnp.sum(jnp.where(observed(y)[:, 0], each, 0.0))

    def states(self, theta: Float[Array, "7"], n: Int[Array, ""]) -> Float[Array, "rows 2"]:
        """Prey and predators at the n times, and on from there at the same pace."""
        alpha, beta, gamma, delta = theta[:4]
        size = self.duration / jnp.maximum(n - 1, 1)
        steps = math.ceil(self.duration / (self.min_rows - 1) / STEP)

        def field(_: Array, logs: Array) -> Array:
            x, z = jnp.exp(logs)
            return jnp.stack([alpha - beta * z, delta * x - gamma])

        def move(logs: Array, _: None) -> tuple[Array, Array]:
            return fixed(field, logs, 0.0, size, RK4, steps).state, logs

        start = jnp.log(jnp.asarray(START, theta.dtype))
        return jnp.exp(jax.lax.scan(move, start, length=self.max_rows)[1])


def _factor(theta: Float[Array, "7"]) -> Float[Array, "2 2"]:
    """The Cholesky factor of R."""
    s_1, s_2, c = theta[4:]
    rest = jnp.sqrt(s_2**2 - (c / s_1) ** 2)
    return jnp.stack([s_1, jnp.zeros_like(s_1), c / s_1, rest]).reshape(2, 2)


RATES_AND_NOISE = Columns(
    dist.Uniform(0.5, 1.0),
    dist.Uniform(0.01, 0.1),
    dist.Uniform(0.01, 0.5),
    dist.Uniform(0.005, 0.05),
    dist.Gamma(5.0, 5.0),
    dist.Gamma(5.0, 5.0),
    dist.Uniform(-0.1, 0.1),
)


class _WithCovariance(dist.constraints.Constraint):
    """theta whose correlation c / (s_1 s_2), and whatever else, lies where the prior has it."""

    event_dim = 1

    def __call__(self, x: Float[Array, "*batch 7"]) -> Array:
        return RATES_AND_NOISE.support(COVARIANCE.inv(x))

    def tree_flatten(self):
        return (), ((), {})


class Covariance(ParameterFreeTransform):
    """The last of the seven from rho to rho s_1 s_2."""

    domain = RATES_AND_NOISE.support
    codomain = _WithCovariance()

    def __call__(self, x: Float[Array, "*batch 7"]) -> Float[Array, "*batch 7"]:
        return x.at[..., 6].multiply(x[..., 4] * x[..., 5])

    def _inverse(self, y: Float[Array, "*batch 7"]) -> Float[Array, "*batch 7"]:
        return y.at[..., 6].divide(y[..., 4] * y[..., 5])

    def log_abs_det_jacobian(self, x: Array, y: Array, intermediates: None = None) -> Array:
        return jnp.log(x[..., 4]) + jnp.log(x[..., 5])


COVARIANCE = Covariance()


@biject_to.register(_WithCovariance)
def _(constraint: _WithCovariance) -> ComposeTransform:
    return ComposeTransform([biject_to(RATES_AND_NOISE.support), COVARIANCE])
