"""Handwritten digits of 8 x 8 pixels, seen through noise, a mask, a blur or means of blocks.

The 1,797 images that scikit-learn ships (Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, 1998), whose
pixels are 0 to 16: theta = (level + u) / 16 with u uniform, a density in place of 17 levels. The last 360 are for
tests, the 180 before them for validation, the others for training.
"""

from functools import cache

import equinox as eqx
import numpy as np
from jaxtyping import Float

from inversion.tasks.examples import Examples, check_part
from inversion.tasks.held_out import HeldOutTask
from inversion.tasks.measured import MeasuredTask, check_noise
from inversion.tasks.operators import AbstractOperator, Blur, Identity, Mask, Means

SIDE, DARKEST = 8, 16
TEST, VALIDATION = 360, 180
PARTS = {
    "train": slice(None, -TEST - VALIDATION),
    "validation": slice(-TEST - VALIDATION, -TEST),
    "test": slice(-TEST, None),
}


class Digits(MeasuredTask, HeldOutTask):
    """The prior has no density that is known, only its images."""

    measure: AbstractOperator
    noise_scale: float = eqx.field(static=True)

    def __init__(self, measure: AbstractOperator, noise_scale: float) -> None:
        check_noise("digits", noise_scale)
        self.measure, self.noise_scale = measure, noise_scale

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return (SIDE, SIDE, 1)

    def prior(self) -> Examples:
        return self.held_out("train")

    def held_out(self, part: str) -> Examples:
        check_part(part)
        return Examples("digits", SIDE**2, 1 / DARKEST, lambda: _images()[PARTS[part]])


def digits_denoise(*, noise_scale: float = 0.2) -> Digits:
    return Digits(Identity(), noise_scale)


def digits_inpaint(*, noise_scale: float = 0.05, observed: float = 0.5) -> Digits:
    """The share `observed` of the pixels, drawn anew for each y, which tells them by its last channel."""
    return Digits(Mask(observed=observed), noise_scale)


def digits_deblur(*, noise_scale: float = 0.05, sd: float = 1.0) -> Digits:
    return Digits(Blur(sd=sd), noise_scale)


def digits_superresolve(*, noise_scale: float = 0.05, factor: int = 2) -> Digits:
    return Digits(Means(factor=factor), noise_scale)


@cache
def _images() -> Float[np.ndarray, "n 64"]:
    from sklearn.datasets import load_digits

    return load_digits().data / DARKEST
