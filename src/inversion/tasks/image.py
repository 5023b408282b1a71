"""Unknowns with an image's shape."""

import abc

from inversion.tasks.task import AbstractTask


class ImageTask(AbstractTask):
    """A task whose theta is an image, flat, row by row: `theta.reshape(image_shape)`."""

    @property
    @abc.abstractmethod
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of theta."""

    @property
    def masked(self) -> bool:
        """Whether the last channel of y is a mask."""
        return False
