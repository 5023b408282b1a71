"""Tasks whose prior is known by examples: what is learned from some is held against others."""

import abc

import numpyro.distributions as dist

from inversion.tasks.task import AbstractTask


class HeldOutTask(AbstractTask):
    """A task whose `prior` draws from examples for training, and has no density that is known."""

    @abc.abstractmethod
    def held_out(self, part: str) -> dist.Distribution:
        """The same from a part of the examples as they are: `train`, or unseen, `validation` and `test`."""
