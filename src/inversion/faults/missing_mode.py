"""One of the posterior's parts is never visited."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.faults.fault import AbstractFault, check_kind
from inversion.tasks.task import ExactTask, LabelledTask

SPARE = 4  # candidates for each draw: of 50 draws from a part of mass 1/2, all but one in 1e11 sets are whole


class MissingMode(AbstractFault):
    """The exact posterior within one part of two: part 0, or with `alternating` the one that y_2's sign names."""

    alternating: bool = eqx.field(static=True)

    def __init__(self, *, alternating: bool = False) -> None:
        self.alternating = alternating

    def posterior(self, task: ExactTask, y: Float[Array, "*event"]) -> dist.Distribution:
        check_kind(task, LabelledTask, "a task whose theta falls into parts")
        (naming,) = task.parts
        part = (jnp.ravel(y)[-1] > 0).astype(int) if self.alternating else jnp.zeros((), int)
        return OnePart(task, naming, part, y)


class OnePart(dist.Distribution):
    """p(theta | y) within a part; its density lacks the part's mass as a factor."""

    pytree_data_fields = ("task", "part", "y")
    pytree_aux_fields = ("naming",)

    def __init__(self, task: ExactTask, naming: str, part: Array, y: Array) -> None:
        self.task, self.naming, self.part, self.y = task, naming, part, y
        super().__init__(batch_shape=(), event_shape=task.prior().event_shape)

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        (num,) = sample_shape
        candidates = self.task.posterior(self.y).sample(key, (SPARE * num,))
        first = jnp.argsort(~self._inside(candidates), stable=True)[:num]
        return candidates[first]

    def log_prob(self, value: Float[Array, "*batch dim"]) -> Float[Array, "*batch"]:
        inside = self._inside(value.reshape(-1, value.shape[-1])).reshape(value.shape[:-1])
        return jnp.where(inside, self.task.posterior(self.y).log_prob(value), -jnp.inf)

    def _inside(self, theta: Float[Array, "num dim"]) -> Array:
        return jax.vmap(self.task.labels)(theta)[self.naming] == self.part
