"""The exact posterior where it is a Gaussian of independent coordinates: what several faults are made of."""

import numpyro.distributions as dist
from jaxtyping import Array, Float

from inversion.tasks.task import ExactTask


def gaussian_posterior(task: ExactTask, y: Float[Array, "*event"]) -> dist.Normal:
    """Its coordinates' means `loc` and standard deviations `scale`; refuses any other posterior."""
    exact = task.posterior(y)
    base = getattr(exact, "base_dist", exact)
    if not isinstance(base, dist.Normal):
        raise ValueError(
            f"Expected a task with a Gaussian posterior of independent coordinates; got {type(task).__name__}."
        )
    return base
