"""What operators do to images whose result is known by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from inversion.tasks.operators import Blur, Mask, Means

IMAGE = np.random.default_rng(0).normal(size=(6, 8, 3))


@pytest.mark.parametrize(("periodic", "mode"), [(False, "reflect"), (True, "wrap")])
def test_a_blur_is_scipys(periodic, mode) -> None:
    expected = gaussian_filter(np.asarray(IMAGE), (1.2, 1.2, 0), mode=mode, radius=(5, 5, 0))
    np.testing.assert_allclose(Blur(sd=1.2, periodic=periodic)(IMAGE), expected, atol=1e-12)


def test_a_blur_leaves_an_even_image_alone() -> None:
    np.testing.assert_allclose(Blur(sd=2.0)(jnp.ones((5, 5, 1))), 1.0, atol=1e-12)


def test_means_are_those_of_blocks() -> None:
    found = Means(factor=2)(IMAGE)
    assert found.shape == (3, 4, 3)
    np.testing.assert_allclose(found[1, 2], IMAGE[2:4, 4:6].mean((0, 1)))


def test_a_mask_hides_all_channels_of_a_pixel_and_is_told_by_y() -> None:
    mask = Mask(observed=0.25).anew(jax.random.key(1), IMAGE.shape)
    y = mask.written(mask(jnp.asarray(IMAGE)) + 1.0)
    np.testing.assert_array_equal(y[..., 3], mask.seen[..., 0])
    np.testing.assert_array_equal(y[..., :3], (IMAGE + 1) * mask.seen)
    assert mask.seen.sum() == 12
    np.testing.assert_array_equal(Mask().told_by(y)(jnp.asarray(IMAGE)), mask(jnp.asarray(IMAGE)))
    np.testing.assert_array_equal(mask.weights(y).sum(), 36)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected sides that blocks of 4 pixels fill; got 6 x 8"):
        Means(factor=4)(IMAGE)
    with pytest.raises(ValueError, match="Expected sd of a blur above 0; got 0"):
        Blur(sd=0)
