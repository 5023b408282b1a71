"""What samplers on a diffusion prior share: the linear problem in coordinates in which the prior's noise is white.

x = theta / scale, so that the prior takes white noise out of x, and y = H x + noise with H = A diag(scale). Dense
algebra: H H' is diagonalised once for each observation, which a few thousand measurements allow.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.cost import Calls
from inversion.inverted import Inverted
from inversion.posterior import AbstractDenoiser
from inversion.tasks.task import LinearTask

AT_ONCE = 250  # draws: what a network makes of them stays in the cache


class Problem(eqx.Module):
    """One observation of a linear task under a denoiser."""

    prior: AbstractDenoiser
    task: LinearTask  # as y tells it
    y: Float[Array, "*event"]
    matrix: Float[Array, "obs dim"]  # H
    axes: Float[Array, "obs obs"]
    gains: Float[Array, " obs"]  # H H' = axes diag(gains) axes'

    @classmethod
    def of(cls, task: LinearTask, prior: AbstractDenoiser, y: Float[Array, "*event"]) -> "Problem":
        task = task.given(y)
        image = lambda x: task.operator(prior.scale * x).ravel()  # noqa: E731
        matrix = jax.jacfwd(image)(jnp.zeros_like(prior.centre))
        gains, axes = jnp.linalg.eigh(matrix @ matrix.T)
        return cls(prior, task, y, matrix, axes, jnp.maximum(gains, 0.0))

    @property
    def dim(self) -> int:
        return self.matrix.shape[1]

    def denoised(self, x: Float[Array, " dim"], sigma: Float[Array, ""]) -> Float[Array, " dim"]:
        scale = self.prior.scale
        return self.prior.denoised(scale * x, sigma) / scale

    def misfit(self, x: Float[Array, " dim"]) -> Float[Array, ""]:
        """|y - H x|^2 over what y holds, by the likelihood: a mask that y tells of is no residual."""
        theta = self.prior.scale * x
        gap = self.task.log_likelihood_bound(self.y) - self.task.log_likelihood(theta, self.y)
        return 2 * self.task.noise_scale**2 * gap

    def pull(
        self, x: Float[Array, " dim"], of_prior: Float[Array, ""], of_data: Float[Array, ""]
    ) -> Float[Array, " dim"]:
        """H' (of_prior H H' + of_data I)^-1 (y - H x): from N(x, of_prior I) to its mean given y, over `of_prior`."""
        residual = self.axes.T @ (self.y.ravel() - self.matrix @ x)
        return self.matrix.T @ (self.axes @ (residual / (of_prior * self.gains + of_data)))

    def start(self, key: PRNGKeyArray, sigma: Float[Array, ""]) -> Float[Array, " dim"]:
        """A draw of the prior under the most noise, as a Gaussian."""
        noise = jax.random.normal(key, (self.dim,), self.matrix.dtype)
        return self.prior.centre / self.prior.scale + jnp.hypot(self.prior.spread, sigma) * noise


def levels(prior: AbstractDenoiser, steps: int, rho: float = 7.0) -> Float[Array, " steps"]:
    """From the most noise to the least, as Karras et al., 2022, equation 5, space them."""
    least, most = (level ** (1 / rho) for level in prior.levels)
    return (most + jnp.linspace(0.0, 1.0, steps) * (least - most)) ** rho


def drawn(
    key: PRNGKeyArray,
    problem: Problem,
    walk: Callable[[PRNGKeyArray], Float[Array, " dim"]],
    num: int,
    passes: int,
    gradients: int,
) -> Inverted:
    """`num` walks, each of which takes `passes` of the network and `gradients` of the misfit."""
    x = jax.lax.map(walk, jax.random.split(key, num), batch_size=min(num, AT_ONCE))
    counted = [jnp.asarray(float(num * n)) for n in (gradients, passes)]
    zero = jnp.zeros(())
    return Inverted(problem.prior.scale * x, Calls(zero, zero, *counted))
