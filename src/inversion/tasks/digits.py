"""Handwritten digits of 8 x 8 pixels, seen through noise, a mask, a blur or means of blocks.

The 1,797 images that scikit-learn ships (Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, 1998), whose
pixels are 0 to 16: theta = (level + u) / 16 with u uniform, a density in place of 17 levels. The last 360 are for
tests, the 180 before them for validation, the others for training: these 1,257 a network soon remembers, so that the
prior draws from them turned, stretched, moved and sheared at random, by `warp` times what is written below. To move
an image by parts of a pixel blurs it: its power is brought back to that of the images, frequency by frequency.
"""

from collections.abc import Callable
from functools import cache, partial

import equinox as eqx
import numpy as np
from jaxtyping import Float

from inversion.tasks.examples import Examples, check_part
from inversion.tasks.held_out import HeldOutTask
from inversion.tasks.measured import MeasuredTask, check_noise
from inversion.tasks.operators import AbstractOperator, Blur, Identity, Mask, Means

SIDE, DARKEST = 8, 16
TURN, STRETCH, MOVE, SHEAR = 8.0, 0.08, 0.4, 0.1  # at most: degrees, shares, pixels, a share
MOST_WARP = 5.0
COPIES = 24  # of each image, each warped anew
FRAME = SIDE // 2  # pixels of nothing around an image, whose Fourier transform is periodic
ROUNDS = 4  # of bringing the power back, which clipping takes away from again
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
    warp: float = eqx.field(static=True)

    def __init__(self, measure: AbstractOperator, noise_scale: float, warp: float) -> None:
        check_noise("digits", noise_scale)
        if not 0 <= warp < MOST_WARP:
            raise ValueError(f"Expected a warp of 0 to {MOST_WARP} for digits; got {warp}.")
        self.measure, self.noise_scale, self.warp = measure, noise_scale, warp

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return (SIDE, SIDE, 1)

    def prior(self) -> Examples:
        return self._examples(lambda: _warped(self.warp)) if self.warp else self.held_out("train")

    def held_out(self, part: str) -> Examples:
        check_part(part)
        return self._examples(lambda: _images()[PARTS[part]])

    def _examples(self, images: Callable[[], Float[np.ndarray, "n 64"]]) -> Examples:
        return Examples("digits", SIDE**2, 1 / DARKEST, images)


def digits_denoise(*, noise_scale: float = 0.2, warp: float = 0.0) -> Digits:
    return Digits(Identity(), noise_scale, warp)


def digits_inpaint(
    *, noise_scale: float = 0.05, observed: float = 0.5, warp: float = 0.0
) -> Digits:
    """The share `observed` of the pixels, drawn anew for each y, which tells them by its last channel."""
    return Digits(Mask(observed=observed), noise_scale, warp)


def digits_deblur(*, noise_scale: float = 0.05, sd: float = 1.0, warp: float = 0.0) -> Digits:
    return Digits(Blur(sd=sd), noise_scale, warp)


def digits_superresolve(*, noise_scale: float = 0.05, factor: int = 2, warp: float = 0.0) -> Digits:
    return Digits(Means(factor=factor), noise_scale, warp)


@cache
def _images() -> Float[np.ndarray, "n 64"]:
    from sklearn.datasets import load_digits

    return load_digits().data / DARKEST


@cache
def _warped(warp: float) -> Float[np.ndarray, "n 64"]:
    return warped(_images()[PARTS["train"]], warp)


def warped(images: Float[np.ndarray, "n 64"], warp: float) -> Float[np.ndarray, "m 64"]:
    """Each image `COPIES` times, with the images' power, to whole levels; the same for everyone."""
    from scipy.ndimage import affine_transform

    rng, centre = np.random.default_rng(0), np.full(2, (SIDE - 1) / 2)
    power = _power(images)
    images = np.repeat(images, COPIES, axis=0).reshape(-1, SIDE, SIDE)
    turn, shear, *stretch, up, right = warp * rng.uniform(-1, 1, (6, len(images)))
    turn, stretch = np.deg2rad(TURN * turn), np.exp(STRETCH * np.stack(stretch))
    cos, sin, one, zero = np.cos(turn), np.sin(turn), np.ones(len(turn)), np.zeros(len(turn))
    turned = np.stack([cos, -sin, sin, cos]).reshape(2, 2, -1)
    sheared = np.stack([one, SHEAR * shear, zero, one]).reshape(2, 2, -1)
    maps = np.einsum("ijn,jkn,kn->nik", turned, sheared, stretch)
    offsets = centre - maps @ centre + MOVE * np.stack([up, right], axis=1)
    pairs = zip(images, maps, offsets, strict=True)
    # Mode `constant` takes an image's edge for nothing as soon as it moves by a part of a pixel.
    move = partial(affine_transform, mode="grid-constant")
    moved = np.stack([move(image, by, offset) for image, by, offset in pairs])
    spectrum = np.fft.rfft2(_framed(moved))
    gain, sharp = np.ones_like(power), moved
    for _ in range(ROUNDS):
        gain *= np.sqrt(power / _power(np.clip(sharp, 0, 1)))
        sharp = np.fft.irfft2(spectrum * gain)[:, FRAME:-FRAME, FRAME:-FRAME]
    return np.round(np.clip(sharp, 0, 1) * DARKEST).reshape(-1, SIDE**2) / DARKEST


def _power(images: Float[np.ndarray, "n ..."]) -> Float[np.ndarray, "side half"]:
    """The mean square of each frequency, of the images in a frame of nothing."""
    return np.mean(np.abs(np.fft.rfft2(_framed(images))) ** 2, axis=0)


def _framed(images: Float[np.ndarray, "n ..."]) -> Float[np.ndarray, "n side side"]:
    return np.pad(images.reshape(-1, SIDE, SIDE), ((0, 0), (FRAME, FRAME), (FRAME, FRAME)))
