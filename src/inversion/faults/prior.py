"""The prior in place of the posterior: calibrated on average, and deaf to the observation."""

import numpyro.distributions as dist
from jaxtyping import Array, Float

from inversion.faults.fault import AbstractFault
from inversion.tasks.task import ExactTask


class Prior(AbstractFault):
    """q(theta | y) = p(theta)."""

    def posterior(self, task: ExactTask, y: Float[Array, "*event"]) -> dist.Distribution:
        del y
        return task.prior()
