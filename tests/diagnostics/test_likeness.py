"""PSNR, SSIM and the distance of contrasts at values known by hand, and in the order that eyes give."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from inversion.diagnostics.likeness import contrasts, perceptual, psnr, ssim

RNG = np.random.default_rng(0)
TRUTH = gaussian_filter(RNG.uniform(size=(5, 16, 16, 1)), (0, 1, 1, 0))
NOISE = RNG.normal(size=TRUTH.shape)
MEASURES = [(psnr, 1), (ssim, 1), (perceptual, -1)]  # and which way is better


def test_psnr_by_hand() -> None:
    np.testing.assert_allclose(psnr(TRUTH + 0.1, TRUTH), 20.0)
    np.testing.assert_allclose(psnr(TRUTH + 0.1, TRUTH, 10.0), 40.0)
    assert np.isinf(psnr(TRUTH, TRUTH)).all()
    areas = np.zeros((16, 16, 1))
    areas[0] = 16.0
    shifted = TRUTH.copy()
    shifted[:, 0] += 0.1
    np.testing.assert_allclose(psnr(shifted, TRUTH, areas=areas), 20.0)


def test_the_same_image_has_the_best_likeness() -> None:
    np.testing.assert_allclose(ssim(TRUTH, TRUTH), 1.0)
    np.testing.assert_array_equal(perceptual(TRUTH, TRUTH), 0.0)


def test_ssim_of_two_even_images_is_that_of_their_light() -> None:
    a, b = np.full((8, 8, 1), 0.2), np.full((8, 8, 1), 0.6)
    assert ssim(a, b) == pytest.approx((2 * 0.12 + 1e-4) / (0.04 + 0.36 + 1e-4))


@pytest.mark.parametrize(("measure", "sign"), MEASURES)
@pytest.mark.parametrize("shape", [(8, 8, 1), (16, 16, 1)])
def test_more_noise_is_less_like(measure, sign, shape) -> None:
    truth, noise = (x[:, : shape[0], : shape[1]] for x in (TRUTH, NOISE))
    scores = [sign * measure(truth + scale * noise, truth).mean() for scale in (0.05, 0.1, 0.3)]
    assert scores[0] > scores[1] > scores[2]


@pytest.mark.parametrize(("measure", "sign"), MEASURES[1:])
def test_a_shift_of_light_is_more_like_than_noise_of_the_same_psnr(measure, sign) -> None:
    shift, noise = TRUTH + 0.1, TRUTH + 0.1 * NOISE / np.sqrt((NOISE**2).mean())
    assert (sign * measure(shift, TRUTH)).mean() > (sign * measure(noise, TRUTH)).mean()


@pytest.mark.parametrize(("measure", "sign"), MEASURES)
def test_the_range_is_what_errors_are_measured_by(measure, sign) -> None:
    other = TRUTH + 0.1 * NOISE
    np.testing.assert_allclose(measure(7 * other, 7 * TRUTH, 7.0), measure(other, TRUTH))


def test_an_image_of_eight_pixels_has_two_scales() -> None:
    assert [scale.shape for scale in contrasts(TRUTH[0, :8, :8])] == [(8, 8, 1), (4, 4, 1)]
    assert [scale.shape for scale in contrasts(TRUTH[0, :9, :15])] == [(9, 15, 1), (5, 8, 1)]


def test_images_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected images of one shape"):
        ssim(TRUTH, TRUTH[:, :8])
    with pytest.raises(ValueError, match="Expected sides of at least 7 pixels; got 6 x 16"):
        ssim(TRUTH[:, :6], TRUTH[:, :6])
