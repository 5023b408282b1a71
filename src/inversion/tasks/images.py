"""Pictures of the user's own, from a folder: CelebA-like data runs where a user has it.

Pictures of any size and format that Pillow reads are cropped to a square around their middle and resized to `side`
pixels; theta = (level + u) / 256 with u uniform. By the order of their file names the first 80 % are for training, the
next 10 % for validation, the last 10 % for tests.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Float

from inversion.registry import build
from inversion.tasks.examples import Examples, part_of
from inversion.tasks.held_out import HeldOutTask
from inversion.tasks.measured import MeasuredTask, check_noise
from inversion.tasks.operators import OPERATORS, AbstractOperator

LEVELS = 256
MODES = {1: "L", 3: "RGB"}  # of Pillow, by the number of channels
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
LEAST = 3  # pictures: one for each part


class Images(MeasuredTask, HeldOutTask):
    """`operator` is how they are measured: its kind (`denoise`, `inpaint`, `deblur`, `superresolve`) and settings."""

    folder: str = eqx.field(static=True)
    side: int = eqx.field(static=True)
    channels: int = eqx.field(static=True)
    measure: AbstractOperator
    noise_scale: float = eqx.field(static=True)

    def __init__(
        self,
        *,
        folder: str,
        side: int = 32,
        channels: int = 3,
        operator: Mapping[str, Any] | None = None,
        noise_scale: float = 0.1,
    ) -> None:
        check_noise("images", noise_scale)
        if channels not in MODES:
            raise ValueError(f"Expected channels of images to be 1 or 3; got {channels}.")
        if side < 1:
            raise ValueError(f"Expected side of images of at least 1; got {side}.")
        self.folder, self.side, self.channels = str(folder), side, channels
        self.measure = build(OPERATORS, operator or {"kind": "denoise"})
        self.noise_scale = noise_scale

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return (self.side, self.side, self.channels)

    def prior(self) -> Examples:
        return self.held_out("train")

    def held_out(self, part: str) -> Examples:
        read = lambda: part_of(_pictures(self.folder, self.side, self.channels), part)  # noqa: E731
        return Examples(f"pictures in {self.folder}", self.dim, 1 / LEVELS, read)


def picture_files(folder: str) -> list[str]:
    """The pictures of a folder by their names."""
    path = Path(folder)
    if not path.is_dir():
        raise ValueError(f"Expected a folder of pictures at {folder}; got none.")
    files = sorted(str(file) for file in path.iterdir() if file.suffix.lower() in ENDINGS)
    if len(files) < LEAST:
        raise ValueError(
            f"Expected at least {LEAST} pictures ({', '.join(ENDINGS)}) in {folder}; got {len(files)}."
        )
    return files


@cache
def _pictures(folder: str, side: int, channels: int) -> Float[np.ndarray, "n dim"]:
    return np.stack([_picture(file, side, channels).ravel() for file in picture_files(folder)])


def _picture(file: str, side: int, channels: int) -> Float[np.ndarray, "side side channels"]:
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as picture:
            square = ImageOps.fit(picture.convert(MODES[channels]), (side, side))
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(
            f"Expected a picture that Pillow reads in {file}; got: {error}."
        ) from error
    return np.asarray(square, np.float64).reshape(side, side, channels) / LEVELS
