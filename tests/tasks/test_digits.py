"""Digits: training, validation and test images are disjoint, and every draw is one of them with its levels spread."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

from inversion.tasks import make_task

IMAGES = load_digits().data
TASK = make_task({"kind": "digits_inpaint"})
KINDS = ["digits_denoise", "digits_inpaint", "digits_deblur", "digits_superresolve"]


def rows(levels) -> set[tuple]:
    return set(map(tuple, np.asarray(levels, int)))


def images_of(part: str) -> np.ndarray:
    return 16 * TASK.held_out(part).examples()


def test_the_last_images_are_held_out() -> None:
    np.testing.assert_array_equal(images_of("test"), IMAGES[-360:])
    np.testing.assert_array_equal(images_of("validation"), IMAGES[-540:-360])
    np.testing.assert_array_equal(images_of("train"), IMAGES[:-540])


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_draw_is_an_image_of_its_part(part) -> None:
    prior = TASK.prior() if part == "train" else TASK.held_out(part)
    draws = prior.sample(jax.random.key(0), (500,))
    assert draws.shape == (500, 64)
    levels = jnp.floor(16 * draws)
    assert rows(levels) <= rows(images_of(part))
    assert len(rows(levels)) > 100
    spread = 16 * draws - levels
    assert spread.mean() == pytest.approx(0.5, abs=0.01)
    assert spread.var() == pytest.approx(1 / 12, abs=0.005)


def test_a_panel_takes_each_test_image_once() -> None:
    each = TASK.held_out("test").each(jax.random.key(0), 360)
    np.testing.assert_array_equal(jnp.floor(16 * each), IMAGES[-360:])


@pytest.mark.parametrize("kind", KINDS)
def test_the_measurement_has_the_shape_and_the_noise_that_are_asked(kind) -> None:
    task = make_task({"kind": kind})
    theta = task.prior().sample(jax.random.key(0))
    keys = jax.random.split(jax.random.key(1), 2000)
    y = jax.vmap(task.simulate, (0, None))(keys, theta)
    side = 4 if kind == "digits_superresolve" else 8
    assert y.shape == (2000, side, side, 2 if kind == "digits_inpaint" else 1)
    residual = y - jax.vmap(lambda y: task.given(y).operator(theta))(y)
    seen = jax.vmap(task.measure.weights)(y) == 1
    noise = 0.2 if kind == "digits_denoise" else 0.05
    assert residual[seen].std() == pytest.approx(noise, rel=0.02)


def test_half_of_the_pixels_are_seen_and_others_each_time() -> None:
    theta = TASK.prior().sample(jax.random.key(0))
    keys = jax.random.split(jax.random.key(1), 200)
    y = jax.vmap(TASK.simulate, (0, None))(keys, theta)
    seen = np.asarray(y[..., 1])
    np.testing.assert_array_equal(seen.sum((1, 2)), 32)
    assert 0.3 < seen.mean(0).min() < seen.mean(0).max() < 0.7
    np.testing.assert_array_equal(y[..., 0][seen == 0], 0)


def test_what_it_cannot_do_is_said_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"Expected a part among train, validation, test; got"):
        TASK.held_out("other")
    with pytest.raises(ValueError, match="Expected a prior with a density; got that of digits"):
        TASK.prior().log_prob(jnp.zeros(64))
    with pytest.raises(ValueError, match=r"Expected observed in \(0, 1\]; got 0."):
        make_task({"kind": "digits_inpaint", "observed": 0})
