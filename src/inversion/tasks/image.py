"""Unknowns with an image's shape."""

import abc
import math

import numpy as np
from jaxtyping import Float

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

    @property
    def dim(self) -> int:
        return math.prod(self.image_shape)

    @property
    def areas(self) -> Float[np.ndarray, "h w 1"]:
        """What a pixel stands for, 1 on average: what scores weigh it by."""
        return np.ones((*self.image_shape[:2], 1))

    @property
    def data_range(self) -> float:
        """What lies between the darkest and the brightest pixel: what PSNR and SSIM measure errors by."""
        return 1.0
