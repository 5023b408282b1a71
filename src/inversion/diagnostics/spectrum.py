"""The power of what draws leave open, by bands of spatial frequency, against that of exact draws."""

import numpy as np
from jaxtyping import Float, Int, Real

ROWS, COLUMNS = -3, -2


def bands(height: int, width: int) -> Int[np.ndarray, "h w"]:
    """The band of each frequency of a Fourier transform: cycles an image, the distance from 0 rounded; the corners
    beyond the shorter side's highest frequency are one band with it."""
    down, across = np.fft.fftfreq(height) * height, np.fft.fftfreq(width) * width
    return np.minimum(np.rint(np.hypot(down[:, None], across)).astype(int), min(height, width) // 2)


def band_power(images: Real[np.ndarray, "*batch h w c"]) -> Float[np.ndarray, " band"]:
    """Mean squared modulus of the orthonormal Fourier transform, by band; over all images and channels."""
    power = np.abs(np.fft.fft2(images, axes=(ROWS, COLUMNS), norm="ortho")) ** 2
    power = power.reshape(-1, *images.shape[-3:]).mean(axis=(0, 3))
    band = bands(*power.shape).ravel()
    return np.bincount(band, power.ravel()) / np.bincount(band)


def residual_power(
    theta: Real[np.ndarray, "obs draw dim"],
    mean: Real[np.ndarray, "obs dim"],
    image_shape: tuple[int, int, int],
) -> Float[np.ndarray, " band"]:
    """Power of draws less a posterior mean: what is open, and how far the draws' own mean is off."""
    total, num = 0.0, len(theta)
    for draws, center in zip(theta, mean, strict=True):  # one at a time: bounds the memory
        total = total + band_power((draws - center).reshape(-1, *image_shape)) / num
    return total


def band_errors(
    power: Float[np.ndarray, " band"], exact: Float[np.ndarray, " band"]
) -> dict[str, float]:
    """Each band's power over the exact one, less 1, and the largest of these in size."""
    errors = power / exact - 1
    each = {f"band_error_{k}": float(error) for k, error in enumerate(errors)}
    return {**each, "band_error": float(np.abs(errors).max())}
