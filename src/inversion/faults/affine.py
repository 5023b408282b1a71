"""Draws too narrow, too wide or off centre: theta -> mean + shift sd + spread (theta - mean), each coordinate."""

import equinox as eqx
import numpyro.distributions as dist
from jaxtyping import Array, Float

from inversion.faults.fault import AbstractFault
from inversion.faults.gaussian import gaussian_posterior
from inversion.tasks.task import ExactTask


class Affine(AbstractFault):
    """A Gaussian posterior with its spread times `spread`, moved by `shift` of its exact standard deviations."""

    spread: float = eqx.field(static=True)
    shift: float = eqx.field(static=True)

    def __init__(self, *, spread: float = 1.0, shift: float = 0.0) -> None:
        if not spread > 0:
            raise ValueError(f"Expected a spread above 0; got {spread}.")
        self.spread = spread
        self.shift = shift

    def posterior(self, task: ExactTask, y: Float[Array, "*event"]) -> dist.Distribution:
        exact = gaussian_posterior(task, y)
        moved = exact.loc + self.shift * exact.scale
        return dist.Normal(moved, self.spread * exact.scale).to_event(1)
