"""No fault: what every test must let pass."""

import numpyro.distributions as dist
from jaxtyping import Array, Float

from inversion.faults.fault import AbstractFault
from inversion.tasks.task import ExactTask


class Exact(AbstractFault):
    """q(theta | y) = p(theta | y)."""

    def posterior(self, task: ExactTask, y: Float[Array, "*event"]) -> dist.Distribution:
        return task.posterior(y)
