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
    def data_range(self) -> float:
        """What lies between the darkest and the brightest pixel: what PSNR and SSIM measure errors by."""
        return 1.0
