"""How like two images are: PSNR, SSIM, and a distance of contrasts at several scales, which learns nothing.

All take batches of images (..., height, width, channel) and give one number for each. Signal-to-noise in dB; SSIM by
Wang, Bovik, Sheikh, Simoncelli (2004), here by a Gaussian window of 1.5 pixels over the places where 7 x 7 pixels
lie inside the image. The distance follows the normalised Laplacian pyramid of Laparra, Ballé, Berardino, Simoncelli
(2016), "Perceptual image quality assessment using a normalized Laplacian pyramid", with one binomial filter at all
scales.
"""

import numpy as np
from jaxtyping import Float, Real
from scipy.ndimage import correlate1d

WINDOW, SD = 7, 1.5  # pixels
K1, K2 = 0.01, 0.03  # of SSIM, times the data's range
BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
FLOOR = 0.17  # of a contrast's normalisation, times the data's range: theirs
LEAST = 4  # pixels: a side below which the pyramid ends
ROWS, COLUMNS = -3, -2


def psnr(
    image: Real[np.ndarray, "*batch h w c"],
    truth: Real[np.ndarray, "*batch h w c"],
    data_range: float = 1.0,
    areas: Real[np.ndarray, "h w 1"] | float = 1.0,
) -> Float[np.ndarray, "*batch"]:
    """10 log10(range^2 / mean squared error), in dB; infinite where they are the same. `areas` weigh, 1 on average."""
    error = np.mean(areas * np.square(image - truth, dtype=np.float64), axis=(-3, -2, -1))
    with np.errstate(divide="ignore"):
        return 10 * np.log10(data_range**2 / error)


def ssim(
    image: Real[np.ndarray, "*batch h w c"],
    truth: Real[np.ndarray, "*batch h w c"],
    data_range: float = 1.0,
) -> Float[np.ndarray, "*batch"]:
    """Structural similarity, 1 where they are the same; the mean over places and channels."""
    check_images(image, truth, WINDOW)
    a, b = (np.asarray(x, np.float64) for x in (image, truth))
    mean_a, mean_b = _windowed(a), _windowed(b)
    var_a, var_b = _windowed(a**2) - mean_a**2, _windowed(b**2) - mean_b**2
    covariance = _windowed(a * b) - mean_a * mean_b
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    light = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    shape = (2 * covariance + c2) / (var_a + var_b + c2)
    return np.mean(light * shape, axis=(-3, -2, -1))


def perceptual(
    image: Real[np.ndarray, "*batch h w c"],
    truth: Real[np.ndarray, "*batch h w c"],
    data_range: float = 1.0,
) -> Float[np.ndarray, "*batch"]:
    """Distance of normalised contrasts, 0 where they are the same: root mean square at each scale, then the mean."""
    check_images(image, truth, LEAST)
    a, b = (contrasts(np.asarray(x, np.float64), data_range) for x in (image, truth))
    each = [np.sqrt(np.mean((x - y) ** 2, axis=(-3, -2, -1))) for x, y in zip(a, b)]
    return np.mean(each, axis=0)


def contrasts(
    image: Float[np.ndarray, "*batch h w c"], data_range: float = 1.0
) -> list[Float[np.ndarray, "*batch i j c"]]:
    """At each scale, fine to coarse, what a smoother copy lacks, over how much its surroundings vary; the last is the
    smoothest copy itself."""
    scales = []
    while min(image.shape[ROWS], image.shape[COLUMNS]) >= 2 * LEAST:
        smooth = _smooth(image)
        detail = image - smooth
        scales.append(detail / (_smooth(np.abs(detail)) + FLOOR * data_range))
        image = smooth[..., ::2, ::2, :]
    return [*scales, image / data_range]


def check_images(
    image: Real[np.ndarray, "..."], truth: Real[np.ndarray, "..."], least: int
) -> None:
    """Refuse images of other shapes, or too small ones."""
    if image.ndim < 3 or truth.ndim < 3 or image.shape[-3:] != truth.shape[-3:]:
        raise ValueError(
            f"Expected images of one shape (..., h, w, c); got {image.shape} and {truth.shape}."
        )
    if min(image.shape[ROWS], image.shape[COLUMNS]) < least:
        raise ValueError(
            f"Expected sides of at least {least} pixels; got {image.shape[ROWS]} x {image.shape[COLUMNS]}."
        )


def _windowed(x: np.ndarray) -> np.ndarray:
    """Weighted means over windows that lie inside."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-0.5 * (offsets / SD) ** 2)
    weights /= weights.sum()
    for axis in (ROWS, COLUMNS):
        x = np.moveaxis(correlate1d(x, weights, axis=axis), axis, 0)
        x = np.moveaxis(x[WINDOW // 2 : len(x) - WINDOW // 2], 0, axis)
    return x


def _smooth(x: np.ndarray) -> np.ndarray:
    for axis in (ROWS, COLUMNS):
        x = correlate1d(x, BINOMIAL, axis=axis, mode="reflect")
    return x
