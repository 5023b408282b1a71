"""What an inversion by something learned offers: draws for one observation, from that and the task."""

import abc
from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.inverted import Inverted, Verdict, found_all
from inversion.posterior import AbstractPosterior, AbstractTransport
from inversion.tasks.task import AbstractTask


class AbstractRefinement(eqx.Module):
    """An inversion that knows the task's likelihood or operator, and starts from what an estimator has learned.

    To write one: a constructor with keyword-only settings, `needs`, the kind of task that it can invert,
    `starts_from`, the kind of model that it asks for (a learned prior, unless it says otherwise), and `invert`
    for one observation, which must compile; the command maps it over observations.
    """

    needs: ClassVar[type[AbstractTask]]
    starts_from: ClassVar[type[AbstractPosterior]] = AbstractTransport
    double: ClassVar[bool] = True  # whether it needs float64

    @abc.abstractmethod
    def invert(
        self,
        key: PRNGKeyArray,
        task: AbstractTask,
        start: AbstractPosterior,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        """`num` draws, or end points of as many starts, given y, with the calls that they took."""

    def verdict(self, task: AbstractTask, inverted: Inverted) -> Verdict:
        """Whether the method itself says that it has worked, all observations stacked."""
        return found_all(inverted)
