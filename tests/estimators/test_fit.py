"""The training loop: what it keeps, when it stops, and that it never returns a NaN."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from inversion.cost import Cost, Entry
from inversion.estimators.estimator import AbstractEstimator
from inversion.estimators.fit import Training, fit
from inversion.estimators.trained import make_estimator
from inversion.records import Simulations
from inversion.tasks import make_task
from inversion.tasks.gaussian_linear import GaussianLinear
from inversion.tasks.sir import Sir

TASK = GaussianLinear(dim=2, prior_scale=2.0, noise_scale=1.0)


class Line(AbstractEstimator):
    """theta = slope * y by least squares: a loss whose minimum is known."""

    slope: Array
    explode_after: float = eqx.field(static=True)
    seen: ClassVar[list] = []

    def loss(self, theta, y, *, key, progress):
        del key
        error = jnp.sum((theta - self.slope * y) ** 2)
        return jnp.where(progress > self.explode_after, jnp.nan, error)

    def sample(self, key, y, num):
        return jnp.broadcast_to(self.slope * y, (num, *y.shape))


def pairs(num=1000, seed=0):
    key_theta, key_y = jax.random.split(jax.random.key(seed))
    theta = TASK.prior().sample(key_theta, (num,))
    y = jax.vmap(TASK.simulate)(jax.random.split(key_y, num), theta)
    return Simulations(np.asarray(theta, np.float32), np.asarray(y, np.float32))


def run(estimator, simulations=None, key=0, **settings):
    entry = Entry(Cost("", "", 0, 0, ""))
    data = simulations or pairs()
    return fit(jax.random.key(key), estimator, TASK, data, Training(**settings), entry=entry), entry


def test_finds_the_least_squares_slope():
    data = pairs(4000)
    result, _ = run(Line(jnp.zeros(()), 2.0), data, epochs=40, learning_rate=0.05)
    u, v = ((x - x.mean(0)) / x.std(0) for x in (data.theta, data.y))
    assert result.model.estimator.slope == pytest.approx((u * v).sum() / (v * v).sum(), abs=0.02)


def test_divergence_is_told_and_the_best_before_is_kept():
    result, _ = run(Line(jnp.zeros(()), 0.4), epochs=50, learning_rate=0.05)
    assert result.stopped == "diverged"
    assert 0 < len(result.validation) < 50
    assert np.isfinite(result.model.estimator.slope)


def test_divergence_at_once_returns_the_untrained_model():
    result, _ = run(Line(jnp.asarray(0.25), -1.0), epochs=20)
    assert result.stopped == "diverged"
    assert result.model.estimator.slope == 0.25


def test_patience():
    # A rate this high bounces around the minimum: it stops improving at once.
    result, _ = run(
        Line(jnp.zeros(()), 2.0), epochs=400, learning_rate=0.5, final_fraction=1.0, patience=20
    )
    assert result.stopped == "patience"
    assert len(result.validation) < 200


def test_the_best_epoch_is_the_one_kept():
    data = pairs(300)
    estimator = make_estimator(
        jax.random.key(0), TASK, "flow", {"layers": 2, "width": 32, "depth": 1}
    )
    result, _ = run(
        estimator, data, epochs=60, learning_rate=2e-2, final_fraction=1.0, validation=0.3
    )
    assert result.best_epoch == int(np.argmin(result.validation)) + 1
    assert result.best_epoch < 60, "the fit was meant to overfit"
    # The loss of the model kept, on the pairs held out, is the smallest of the history.
    key_split = jax.random.split(jax.random.key(0), 3)[0]
    held_out = np.asarray(jax.random.permutation(key_split, len(data)))[-90:]
    losses = -jax.vmap(result.model.log_prob)(data.theta[held_out], data.y[held_out])
    offset = jnp.log(result.model.standardisation.theta_std).sum()
    np.testing.assert_allclose(losses.mean() - offset, result.validation.min(), atol=1e-4)


def test_same_key_same_bits_and_another_key_another_model():
    first, second, other = (run(Line(jnp.zeros(()), 2.0), key=k, epochs=5)[0] for k in (0, 0, 1))
    assert first.model.estimator.slope == second.model.estimator.slope
    assert first.model.estimator.slope != other.model.estimator.slope


def test_fresh_noise_is_fresh_and_counted():
    """Pairs whose y says nothing of theta: only observations made anew can teach the slope."""
    data = pairs()
    data = Simulations(data.theta, np.random.default_rng(0).permutation(data.y))
    settings = {"epochs": 40, "learning_rate": 0.05}
    (given, given_entry), (fresh, fresh_entry) = (
        run(Line(jnp.zeros(()), 2.0), data, **settings, fresh_noise=flag) for flag in (False, True)
    )
    assert abs(given.model.estimator.slope) < 0.15
    assert fresh.train[-1] < 0.6 * given.train[-1]
    assert fresh_entry.calls.simulator == fresh.steps * 256
    assert given_entry.calls.simulator == 0


def test_the_averaged_parameters_are_what_is_kept():
    plain, _ = run(Line(jnp.zeros(()), 2.0), epochs=1, learning_rate=0.3)
    averaged, _ = run(Line(jnp.zeros(()), 2.0), epochs=1, learning_rate=0.3, average=0.9)
    assert 0 < averaged.model.estimator.slope < plain.model.estimator.slope


def test_at_most_so_many_steps():
    """900 pairs are 3 batches: 10 steps hold 3 epochs, and one epoch is always run."""
    for max_steps, epochs in ((10, 3), (1, 1), (1000, 20)):
        result, _ = run(Line(jnp.zeros(()), 2.0), epochs=20, max_steps=max_steps)
        assert (len(result.validation), result.steps) == (epochs, 3 * epochs)


def test_symmetries_move_the_pairs():
    """Of theta that are all positive half are turned around: their mean square about the old mean is known."""
    data = pairs(4000)
    data = Simulations(np.abs(data.theta), np.abs(data.y))
    settings = {"epochs": 4, "learning_rate": 0.0}
    given, moved = (
        run(Line(jnp.zeros(()), 2.0), data, **settings, symmetries=flag)[0]
        for flag in (False, True)
    )
    maps = moved.model.standardisation
    assert given.train.mean() == pytest.approx(2, rel=0.02)
    expected = np.sum(1 + 2 * (maps.theta_mean / maps.theta_std) ** 2)
    assert moved.train.mean() == pytest.approx(expected, rel=0.02)


def test_symmetries_of_a_task_without_any_are_refused():
    estimator, data = Line(jnp.zeros(()), 2.0), Simulations(np.ones((9, 2)), np.ones((9, 10)))
    with pytest.raises(ValueError, match="Expected a task with symmetries; got Sir"):
        fit(
            jax.random.key(0), estimator, Sir(), data, Training(epochs=1, symmetries=True),
            entry=Entry(Cost("", "", 0, 0, "")),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 1, "y_scale": "lin"}, "Expected a y_scale among linear, log, asinh; got 'lin'"),
        ({"epochs": 1, "y_screen": 5}, "Expected a y_screen between 0 and 1; got 5"),
        ({"epochs": 0}, "Expected epochs and batch of at least 1; got 0 and 256"),
        ({"epochs": 1, "max_steps": 0}, "Expected max_steps of at least 1 or none; got 0"),
        ({"epochs": 1, "validation": 1.5}, r"Expected validation between 0 and 1; got 1\.5"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        Training(**settings)


def test_too_few_pairs():
    with pytest.raises(ValueError, match="Expected at least 2 pairs to train on; got 1"):
        run(Line(jnp.zeros(()), 2.0), pairs(1), epochs=1)


def test_examples_that_are_held_out_pick_the_best_epoch():
    """All pairs are trained on, and as many as a share of them are drawn for validation, of other images."""
    task = make_task({"kind": "digits_denoise"})
    theta = np.zeros((50, 64), np.float32)  # nothing like a digit: the validation loss must tell
    y = np.zeros((50, 8, 8, 1), np.float32)
    entry = Entry(Cost("", "", 0, 0, ""))
    settings = Training(epochs=2, batch=10, validation=0.2)
    estimator = ImageLine(jnp.zeros(()))
    result = fit(jax.random.key(0), estimator, task, Simulations(theta, y), settings, entry=entry)
    assert result.train == pytest.approx(0, abs=1e-6)
    assert (result.validation > 1).all()
    assert result.steps == 2 * 5
    assert entry.calls.network == 2 * 50 + 2 * 10
    assert entry.calls.simulator == 10


class ImageLine(AbstractEstimator):
    """theta = slope * y, whatever the axes of y."""

    slope: Array

    def loss(self, theta, y, *, key, progress):
        del key, progress
        return jnp.sum((theta - self.slope * jnp.ravel(y)) ** 2)

    def sample(self, key, y, num):
        return jnp.broadcast_to(self.slope * jnp.ravel(y), (num, y.size))
