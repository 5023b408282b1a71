"""Digits: training, validation and test images are disjoint, and every draw is one of them with its levels spread."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

from inversion.cli.simulate import truths
from inversion.tasks import make_task
from inversion.tasks.digits import COPIES, warped

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


def test_a_warped_draw_is_near_its_own_image_and_is_none() -> None:
    task = make_task({"kind": "digits_inpaint", "warp": 1.0})
    levels = np.floor(16 * task.prior().sample(jax.random.key(0), (200,)))
    assert levels.min() >= 0
    assert levels.max() <= 16
    assert not rows(levels) & rows(IMAGES)
    own = np.repeat(IMAGES[:50], COPIES, axis=0)
    moved = 16 * warped(IMAGES[:50] / 16, 1.0)
    away = lambda other: np.linalg.norm(moved - other, axis=1).mean()  # noqa: E731
    assert 10 < away(own) < 0.6 * away(own[::-1])
    assert moved.mean() == pytest.approx(IMAGES[:50].mean(), rel=0.02)
    np.testing.assert_array_equal(16 * task.held_out("train").examples(), IMAGES[:-540])


def test_a_warp_leaves_the_images_their_power() -> None:
    """Interpolation alone takes a seventh of the squared differences between neighbours away."""
    images = IMAGES[:-540].reshape(-1, 8, 8) / 16
    moved = warped(images, 1.0).reshape(-1, 8, 8)
    for axis in (1, 2):
        power = [np.mean(np.diff(these, axis=axis) ** 2) for these in (moved, images)]
        assert power[0] == pytest.approx(power[1], rel=0.04)
    assert moved.std() == pytest.approx(images.std(), rel=0.01)
    for level in (0, 1):
        assert np.mean(moved == level) == pytest.approx(np.mean(images == level), abs=0.02)


def test_a_warp_of_nothing_is_the_images() -> None:
    np.testing.assert_array_equal(
        warped(IMAGES[:3] / 16, 0.0), np.repeat(IMAGES[:3] / 16, COPIES, 0)
    )


@pytest.mark.parametrize("warp", [-1.0, 5.0])
def test_a_warp_out_of_range_is_refused(warp) -> None:
    with pytest.raises(ValueError, match="Expected a warp of 0 to 5"):
        make_task({"kind": "digits_denoise", "warp": warp})


def test_a_panel_of_seen_images_has_them_as_they_are() -> None:
    task = make_task({"kind": "digits_denoise", "warp": 1.0})
    theta = truths(task, "restoration_seen")(jax.random.key(0), 100)
    np.testing.assert_array_equal(jnp.floor(16 * theta), IMAGES[:100])


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
