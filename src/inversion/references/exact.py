"""Independent draws from the closed-form posterior."""

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.cost import Calls
from inversion.inverted import Inverted
from inversion.references.reference import AbstractReference
from inversion.tasks.task import ExactTask


class Exact(AbstractReference):
    """The oracle: every other method and every metric is tested against it."""

    needs = ExactTask

    def invert(
        self, key: PRNGKeyArray, task: ExactTask, y: Float[Array, "*event"], num: int
    ) -> Inverted:
        zero = jnp.zeros(())
        return Inverted(task.posterior(y).sample(key, (num,)), Calls(zero, zero, zero, zero))

    def log_prob(
        self, task: ExactTask, theta: Float[Array, "num dim"], y: Float[Array, "*event"]
    ) -> Float[Array, " num"]:
        """log p(theta | y)."""
        return task.posterior(y).log_prob(theta)
