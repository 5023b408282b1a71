"""Tasks whose prior is known by examples: what is learned from some is held against others."""

import abc

import numpyro.distributions as dist

from inversion.tasks.task import AbstractTask


class HeldOutTask(AbstractTask):
    """A task whose `prior` draws from examples for training, and has no density that is known."""

    @abc.abstractmethod
    def held_out(self, part: str) -> dist.Distribution:
        """The same from examples that no training sees: those of the part `validation` or `test`."""
