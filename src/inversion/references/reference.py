"""What a classical inversion offers: draws for one observation, and a verdict on them."""

import abc
from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.inverted import Inverted, Verdict, found_all
from inversion.tasks.task import AbstractTask


class AbstractReference(eqx.Module):
    """An inversion that starts anew for every observation.

    To write one: a constructor with keyword-only settings, `needs`, the kind of task that it can invert,
    and `invert` for one observation, which must compile; the command maps it over observations.
    """

    needs: ClassVar[type[AbstractTask]]

    @abc.abstractmethod
    def invert(
        self, key: PRNGKeyArray, task: AbstractTask, y: Float[Array, "*event"], num: int
    ) -> Inverted:
        """`num` draws of theta given y, with the calls that they took."""

    def verdict(self, task: AbstractTask, inverted: Inverted) -> Verdict:
        """Whether the draws of all observations, stacked, may serve as a reference."""
        return found_all(inverted)
