"""Plug-and-play by half-quadratic splitting, with the prior's closed-form step in the latent space of its flow.

Geman and Yang, 1995; Zhang, Zuo, Gu and Zhang, 2017. For z = T(theta) the latent prior is |z|^2 / 2, whose proximal
step is z / (1 + 1 / tau). Iterate, with A the operator and s the noise scale:

    theta~ = T^-1(T(theta) / (1 + 1 / tau))
    theta  = (A'A / s^2 + mu I)^-1 (A'y / s^2 + mu theta~)

A fixed point weighs the prior by mu / (1 + tau): the MAP, for T an isometry up to a scale k, at tau = mu k^2 - 1. For
any other T it is a point of its own. Either way these are point estimates: their spread is that of the starts.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.cost import Calls
from inversion.inverted import Inverted
from inversion.posterior import AbstractTransport
from inversion.refinements.refinement import AbstractRefinement
from inversion.tasks.task import LinearTask


class HalfQuadraticSplitting(AbstractRefinement):
    """`iterations` steps from each of `num` prior draws, mu growing geometrically over `mu`; tau = mu - 1."""

    needs = LinearTask
    iterations: int = eqx.field(static=True)
    mu: tuple[float, float] = eqx.field(static=True)

    def __init__(self, *, iterations: int, mu: tuple[float, float]) -> None:
        if not 1 < mu[0] <= mu[1]:
            raise ValueError(
                f"Expected mu of hqs as [first, last] with 1 < first <= last; got {mu}."
            )
        self.iterations, self.mu = iterations, tuple(mu)

    def invert(
        self,
        key: PRNGKeyArray,
        task: LinearTask,
        prior: AbstractTransport,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        mu = jnp.geomspace(*self.mu, self.iterations)
        solve = data_fit(task, y)

        def iterate(theta: Array, mu: Array) -> tuple[Array, Array]:
            pulled = prior.from_latent(shrink(prior.to_latent(theta), mu - 1))
            fitted = solve(pulled, mu)
            change = jnp.array([jnp.linalg.norm(fitted - pulled), jnp.linalg.norm(fitted - theta)])
            return fitted, change

        starts = jax.random.normal(key, (num, task.dim))
        run = jax.vmap(lambda z: jax.lax.scan(iterate, prior.from_latent(z), mu))
        theta, residuals = run(starts)
        zero = jnp.zeros(())
        # Each iteration passes the flow in both directions; the operator's solve is closed form.
        passes = jnp.asarray(num * (2.0 * self.iterations + 1))
        return Inverted(theta, Calls(zero, zero, zero, passes), residuals=residuals.mean(axis=0))


def shrink(z: Float[Array, " dim"], tau: Float[Array, ""]) -> Float[Array, " dim"]:
    """The proximal step of |z|^2 / (2 tau)."""
    return z / (1 + 1 / tau)


def data_fit(task: LinearTask, y: Float[Array, "*event"]):
    """(theta~, mu) -> argmin |A theta - y|^2 / (2 s^2) + mu |theta - theta~|^2 / 2, in closed form.

    By one eigendecomposition of A'A, so that mu may change at every step.
    """
    normal = jax.vmap(lambda theta: task.adjoint(task.operator(theta)))(jnp.eye(task.dim))
    values, vectors = jnp.linalg.eigh(normal / task.noise_scale**2)
    data = task.adjoint(y) / task.noise_scale**2

    def solve(pulled: Float[Array, " dim"], mu: Float[Array, ""]) -> Float[Array, " dim"]:
        return vectors @ ((vectors.T @ (data + mu * pulled)) / (values + mu))

    return solve
