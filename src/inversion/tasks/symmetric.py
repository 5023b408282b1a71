"""Tasks whose joint distribution is the same after theta and y have been moved together.

Each pair then stands for as many as there are such moves, at no call of the simulator: a training that draws one
afresh at every step (`symmetries` in `fit:`) shows the network what it would otherwise have to find in more pairs.
"""

import abc

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.task import AbstractTask


class SymmetricTask(AbstractTask):
    """A task that knows a group of maps g with p(g theta, g y) |det g| = p(theta, y)."""

    @abc.abstractmethod
    def moved(
        self, key: PRNGKeyArray, theta: Float[Array, " dim"], y: Float[Array, "*event"]
    ) -> tuple[Float[Array, " dim"], Float[Array, "*event"]]:
        """g theta and g y, with g drawn evenly from the group."""


def random_signs(key: PRNGKeyArray, num: int, like: Array) -> Float[Array, " num"]:
    """Each 1 or -1, with equal chances."""
    return jax.random.rademacher(key, (num,)).astype(like.dtype)


def signed_permutation(key: PRNGKeyArray, num: int, like: Array) -> Float[Array, "num num"]:
    """A matrix that puts coordinates in a random order and turns some around: what leaves a centred cube alone."""
    key_order, key_signs = jax.random.split(key)
    rows = jnp.eye(num, dtype=like.dtype)[jax.random.permutation(key_order, num)]
    return rows * random_signs(key_signs, num, like)
