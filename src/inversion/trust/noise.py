"""How large the noise of an observation is, column by column: what planted faults are measured in."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.spatial import cKDTree

from inversion.tasks.task import AbstractTask

SEEN, AGAIN = 200, 50  # parameters, and observations of each


def noise_scale(key: PRNGKeyArray, task: AbstractTask) -> Float[Array, " columns"]:
    """The standard deviation of y at fixed theta, simulated: the root of its variance's mean over the prior."""
    key_theta, key_y = jax.random.split(key)
    theta = task.prior().sample(key_theta, (SEEN,))

    def variance(key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, " columns"]:
        y = jax.vmap(task.simulate, (0, None))(jax.random.split(key, AGAIN), theta)
        spread = jnp.nanvar(y, axis=0)
        return jnp.nanmean(spread.reshape(-1, spread.shape[-1]), axis=0)

    spread = jax.jit(jax.vmap(variance))(jax.random.split(key_y, SEEN), theta)
    return jnp.sqrt(jnp.nanmean(spread, axis=0))


def noise_between_neighbours(
    theta: Float[np.ndarray, "n dim"], y: Float[np.ndarray, "n *event"]
) -> Float[np.ndarray, " columns"]:
    """The same from pairs alone: half the mean square by which y differs from that of the nearest theta.

    Somewhat too large, as it holds what y changes with theta from one neighbour to the next (Rice, 1984).
    """
    z = (theta - theta.mean(axis=0)) / np.where(theta.std(axis=0) > 0, theta.std(axis=0), 1.0)
    nearest = cKDTree(z).query(z, k=2)[1][:, 1]
    squares = (y - y[nearest]).astype(np.float64) ** 2 / 2
    return np.sqrt(np.nanmean(squares.reshape(-1, squares.shape[-1]), axis=0)).astype(np.float32)
