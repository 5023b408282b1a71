"""What an inversion by a learned prior offers: draws for one observation, from that prior and the task."""

import abc
from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.inverted import Inverted, Verdict, found_all
from inversion.posterior import AbstractTransport
from inversion.tasks.task import AbstractTask


class AbstractRefinement(eqx.Module):
    """An inversion that knows the task's likelihood or operator, and of the prior only what was learned.

    To write one: a constructor with keyword-only settings, `needs`, the kind of task that it can invert,
    and `invert` for one observation, which must compile; the command maps it over observations.
    """

    needs: ClassVar[type[AbstractTask]]
    double: ClassVar[bool] = True  # whether it needs float64

    @abc.abstractmethod
    def invert(
        self,
        key: PRNGKeyArray,
        task: AbstractTask,
        prior: AbstractTransport,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        """`num` draws, or end points of as many starts, given y, with the calls that they took."""

    def verdict(self, task: AbstractTask, inverted: Inverted) -> Verdict:
        """Whether the method itself says that it has worked, all observations stacked."""
        return found_all(inverted)
