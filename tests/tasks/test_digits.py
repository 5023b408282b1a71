"""Digits: training, validation and test images are disjoint, and every draw is one of them with its levels spread."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

from inversion.tasks import make_task
from inversion.tasks.digits import LEVELS, Digits

IMAGES = load_digits().data
TASK = make_task({"kind": "digits_inpaint"})


def rows(levels) -> set[tuple]:
    return set(map(tuple, np.asarray(levels, int)))


def test_the_last_images_are_held_out() -> None:
    np.testing.assert_array_equal(Digits("test").levels, IMAGES[-360:])
    np.testing.assert_array_equal(Digits("validation").levels, IMAGES[-540:-360])
    np.testing.assert_array_equal(Digits("train").levels, IMAGES[:-540])


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_draw_is_an_image_of_its_part(part) -> None:
    prior = TASK.prior() if part == "train" else TASK.held_out(part)
    draws = prior.sample(jax.random.key(0), (500,))
    assert draws.shape == (500, 64)
    levels = jnp.floor(LEVELS * draws)
    assert rows(levels) <= rows(prior.levels)
    assert len(rows(levels)) > 100
    spread = LEVELS * draws - levels
    assert spread.mean() == pytest.approx(0.5, abs=0.01)
    assert spread.var() == pytest.approx(1 / 12, abs=0.005)


def test_half_of_the_pixels_are_seen_and_the_same_ones_each_time() -> None:
    theta = jnp.arange(64.0)
    assert TASK.event_shape == (32,)
    np.testing.assert_array_equal(TASK.operator(theta), make_task({"kind": "digits_inpaint"}).seen)
    other = make_task({"kind": "digits_inpaint", "mask_seed": 1})
    assert other.seen != TASK.seen


def test_what_it_cannot_do_is_said_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"Expected a part among train, validation, test; got"):
        TASK.held_out("other")
    with pytest.raises(ValueError, match="Expected a prior with a density; got that of digits"):
        TASK.prior().log_prob(jnp.zeros(64))
    with pytest.raises(ValueError, match=r"observed in \(0, 1\]; got 0.05 and 0"):
        make_task({"kind": "digits_inpaint", "observed": 0})
