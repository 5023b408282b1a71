"""Summary networks: order does not matter to a set, padding to none, and with a flow they learn a known posterior."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from inversion.cost import Cost, Entry
from inversion.estimators.fit import Training, fit
from inversion.estimators.trained import Standardisation, make_estimator
from inversion.networks.summaries import SUMMARIES
from inversion.networks.summaries.convolution_lstm import BiLSTM
from inversion.records import Simulations, padded
from inversion.registry import build, resolve
from inversion.tasks.gaussian_set import GaussianSet

ROWS, COLUMNS = 20, 2
# A small network of each kind: a new kind needs a line here.
SMALL = {
    "convolution_lstm": [{"dim": 8, "filters": 4}, {"dim": 8, "filters": 4, "stride": 3}],
    "deep_sets": [{"dim": 8, "width": 16}],
    "point_moments": [{}],
    "set_transformer": [
        {"dim": 8, "width": 16, "blocks": 2, "seeds": 2, "after": 1},
        {
            "dim": 8,
            "width": 16,
            "blocks": 2,
            "seeds": 2,
            "after": 0,
            "inducing": 5,
            "norm": "layer",
        },
    ],
    "time_series_transformer": [
        {"dim": 8, "width": 16},
        {"dim": 8, "width": 16, "inducing": 5, "stride": 3, "norm": "set"},
    ],
}
SET = GaussianSet(dim=COLUMNS, max_rows=ROWS)
CLOSE = {"atol": 5e-6, "rtol": 2e-5}
SETS = ("deep_sets", "point_moments", "set_transformer")
CASES = [(kind, settings) for kind in SUMMARIES for settings in SMALL[kind]]


@pytest.fixture(
    scope="module", params=CASES, ids=lambda case: f"{case[0]}-{SMALL[case[0]].index(case[1])}"
)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def summary(case):
    """Away from its start, where biases are zero."""

    @quickly_compiled
    def make(key):
        kind, settings = case
        made = build(SUMMARIES, {"kind": kind, **settings}, key=key, y_shape=(ROWS, COLUMNS + 1))
        leaves, treedef = jax.tree.flatten(made)
        keys = jax.random.split(key, len(leaves))
        moved = [leaf + 0.1 * jax.random.normal(k, leaf.shape) for leaf, k in zip(leaves, keys)]
        return jax.tree.unflatten(treedef, moved)

    return make(jax.random.key(0))


@pytest.fixture(scope="module")
def run(summary):
    """Batches of observations to their summaries; one program for each number of rows."""
    return quickly_compiled(jax.vmap(summary))


def quickly_compiled(function):
    """What runs once: hardly any time goes into making it fast."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0})


def series(length, rows=ROWS, seed=3):
    """Standard normal rows and their mask; the rows are the same whatever the padding."""
    y = jax.random.normal(jax.random.key(seed), (ROWS, COLUMNS))[:length]
    return jnp.pad(
        jnp.concatenate([y, jnp.ones((length, 1))], axis=1), ((0, rows - length), (0, 0))
    )


def test_padding_changes_nothing(summary, run):
    """Rows as many as observed, as the task's most, and more: a last patch is whole in some, in part in others."""
    lengths = (1, 4, 13)
    padded = [run(jnp.stack([series(n, rows=rows) for n in lengths])) for rows in (ROWS, ROWS + 11)]
    assert padded[0].shape == (3, summary.dim)
    np.testing.assert_allclose(padded[1], padded[0], **CLOSE)
    for i, n in enumerate(lengths):
        np.testing.assert_allclose(run(series(n, rows=n)[None])[0], padded[0][i], **CLOSE)


def test_every_observed_row_counts(run):
    y = series(13)
    moved = [y.at[row, :-1].add(0.5) for row in (0, 6, 12)]
    first, *others = run(jnp.stack([y, *moved, series(12)]))
    for other in others:
        assert jnp.abs(other - first).max() > 1e-4


def test_order_matters_to_series_alone(case, run):
    y = series(13)
    order = jax.random.permutation(jax.random.key(1), 13)
    anywhere = jax.random.permutation(jax.random.key(2), ROWS)  # rows that pad need not be last
    first, moved, scattered = run(jnp.stack([y, y.at[:13].set(y[order]), y[anywhere]]))
    if case[0] in SETS:
        np.testing.assert_allclose(moved, first, **CLOSE)
        np.testing.assert_allclose(scattered, first, **CLOSE)
    else:
        assert jnp.abs(moved - first).max() > 1e-3


def test_rows_of_nan_reach_no_value_and_no_gradient_and_every_parameter_has_one(summary):
    """Lengths share one program; an observation may have one row, or rows that are all equal."""
    rows = [1, *range(3, ROWS + 1), 9]
    y = np.stack([series(n, seed=n)[:, :-1] * (1 + n / 5) for n in rows])
    y[-1] = [40.1, -0.3]
    y[np.arange(ROWS) >= np.array(rows)[:, None]] = np.nan
    maps = Standardisation.of(SET, Simulations(np.zeros((len(y), COLUMNS), np.float32), y))
    traces = []

    @quickly_compiled
    def gradient(summary, y):
        traces.append(y.shape)
        loss = lambda s, v: jnp.sum(jnp.sin(s(v) + jnp.arange(s.dim)))  # noqa: E731
        return jax.vmap(jax.grad(loss, argnums=(0, 1)), (None, 0))(summary, jax.vmap(maps.y_in)(y))

    half = len(y) // 2
    slopes, slopes_v = zip(gradient(summary, y[:half]), gradient(summary, y[half:]), strict=True)
    assert len(traces) == 1
    assert jnp.isfinite(jnp.stack(slopes_v)).all()
    for leaf in map(jnp.concatenate, zip(*map(jax.tree.leaves, slopes), strict=True)):
        assert jnp.isfinite(leaf).all()
        # A stacked leaf has one matrix a layer and a map, and each must be reached; single ReLUs may be dead.
        shape = leaf.shape[-2:] if leaf.ndim > 3 else leaf.shape[1:]
        matrices = leaf.mean(axis=0).reshape(-1, *shape)
        assert (jnp.abs(matrices).max(axis=tuple(range(1, matrices.ndim))) > 0).all()


def test_moments_of_points_laid_in_a_vector():
    """Their correlation is NumPy's, and their order does not matter."""
    points = np.random.default_rng(0).normal(size=(6, 3)) @ np.triu(np.ones((3, 3)))
    summary = build(
        SUMMARIES, {"kind": "point_moments", "points": 6}, key=jax.random.key(0), y_shape=(18,)
    )
    found = summary(jnp.asarray(points.reshape(-1), jnp.float32))
    assert found.shape == (summary.dim,)
    np.testing.assert_allclose(found[:18], points.reshape(-1), rtol=1e-6)
    np.testing.assert_allclose(found[18:21], points.mean(0), rtol=1e-5)
    np.testing.assert_allclose(found[21:24], np.log(points.std(0)), atol=1e-5)
    correlation = np.corrcoef(points.T)[np.triu_indices(3, 1)]
    np.testing.assert_allclose(np.tanh(found[-3:]), correlation, atol=2e-4)
    again = summary(jnp.asarray(points[::-1].reshape(-1), jnp.float32))
    np.testing.assert_allclose(again[18:], found[18:], atol=1e-5)


def test_lstm_against_its_formulas():
    """One step at a time in NumPy; the backward direction on the observed rows alone, turned round."""
    units, layers, length = 3, 2, 5
    lstm = BiLSTM(units, layers=layers, key=jax.random.key(0))
    x = np.asarray(jax.random.normal(jax.random.key(1), (length + 4, 2 * units)))
    mask = np.arange(length + 4) < length
    sigmoid = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731

    def direction(rows, layer, which):
        h, c, states = np.zeros(units), np.zeros(units), []
        into, recurrent, bias = (
            np.asarray(leaf[layer, which]) for leaf in (lstm.into, lstm.recurrent, lstm.bias)
        )
        for row in rows:
            i, f, g, o = np.split(row @ into + h @ recurrent + bias, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            states.append(h)
        return np.array(states)

    rows = x[:length]
    for layer in range(layers):
        forward, backward = direction(rows, layer, 0), direction(rows[::-1], layer, 1)
        rows = np.concatenate([forward, backward[::-1]], axis=1)
    expected = np.concatenate([forward[-1], backward[-1]])
    run = quickly_compiled(lambda x, mask: lstm(x, mask))
    got = run(jnp.asarray(x), jnp.asarray(mask, jnp.float32))
    np.testing.assert_allclose(got, expected, atol=1e-6)
    unmasked = run(jnp.asarray(x), jnp.ones(length + 4))
    assert np.abs(unmasked - expected).max() > 1e-2


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("convolution_lstm", {"dim": 7}, "Expected an even dim"),
        ("convolution_lstm", {"stride": 0}, "Expected a stride of at least 1; got 0"),
        ("set_transformer", {"heads": 3}, "Expected heads that divide a width of 256; got 3"),
        ("set_transformer", {"norm": "batch"}, "Expected a norm among layer, set; got 'batch'"),
        (
            "point_moments",
            {"points": 2},
            r"Expected points that divide a vector y.*got 2 for a y of shape",
        ),
        ("time_series_transformer", {"blocks": 0}, "Expected at least 1 block and 1 seed"),
    ],
)
def test_bad_settings_are_refused(kind, settings, message):
    with pytest.raises(ValueError, match=message):
        resolve(SUMMARIES, kind)(key=jax.random.key(0), y_shape=(5, 2), **settings)


def pairs(task, num, seed=0):
    key_theta, key_y = jax.random.split(jax.random.key(seed))
    theta = task.prior().sample(key_theta, (num,))
    y = jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)
    return Simulations(np.asarray(theta, np.float32), np.asarray(y, np.float32))


def test_a_flow_behind_deep_sets_learns_the_conjugate_posterior():
    """Trained by one loss; the mean of log p - log q over fresh pairs is a Kullback-Leibler divergence."""
    task = GaussianSet(dim=1, max_rows=12)
    network = {"layers": 1, "knots": 4, "width": 16, "depth": 1, "activation": "silu"}
    summary = {"kind": "deep_sets", "dim": 8, "width": 16, "depth": 1}
    estimator = make_estimator(jax.random.key(0), task, "flow", network, summary)
    training = Training(epochs=40, batch=128, learning_rate=5e-3, average=0.98)
    entry = Entry(Cost("", "", 0, 0, ""))
    found = fit(jax.random.key(1), estimator, task, pairs(task, 6000), training, entry=entry)
    model, fresh = found.model, pairs(task, 3000, seed=1)

    @quickly_compiled
    def excess(theta, y):
        exact = jax.vmap(lambda t, y: task.posterior(y).log_prob(t))(theta, y)
        return exact - jax.vmap(model.log_prob)(theta, y)

    got, count = excess(fresh.theta, fresh.y), np.isfinite(fresh.y[..., 0]).sum(axis=1)
    assert 0 < got.mean() < 0.03
    assert max(got[count == n].mean() for n in (1, 12)) < 0.1

    traces = []

    @quickly_compiled
    def draw(y):
        traces.append(y.shape)
        return model.sample(jax.random.key(2), y, 2000)

    for rows in ([0.7], [0.2, 1.4, -0.3, 0.9, 2.0, 1.1]):
        y = np.asarray(rows, np.float32)[:, None]
        draws = draw(padded(y, 12))
        exact = task.posterior(y)
        assert draws.mean() == pytest.approx(
            exact.mean.item(), abs=0.2 * exact.variance.item() ** 0.5
        )
        assert draws.var() == pytest.approx(exact.variance.item(), rel=0.3)
        np.testing.assert_allclose(draw(y), draws, atol=1e-5)  # a shorter y is padded
    assert traces == [(12, 1), (1, 1), (6, 1)]
    for y in (np.zeros((13, 1), np.float32), np.zeros((0, 1), np.float32)):
        with pytest.raises(
            ValueError, match=f"Expected an observation of 1 to 12 rows; got {len(y)}"
        ):
            model.sample(jax.random.key(0), y, 3)
    wrong = np.array([[0.1], [np.inf]], np.float32)
    assert jnp.isnan(draw(padded(wrong, 12))).any()  # what is not finite is not taken for padding


def test_points_behind_deep_sets_are_those_of_the_conjugate_posterior():
    """Mean and quantiles in units of the posterior's deviation, over sets of all sizes."""
    task = GaussianSet(dim=1, max_rows=12)
    network = {"levels": [0.1, 0.5, 0.9], "width": 16, "depth": 1}
    summary = {"kind": "deep_sets", "dim": 8, "width": 16, "depth": 1}
    estimator = make_estimator(jax.random.key(0), task, "quantiles", network, summary)
    training = Training(epochs=40, batch=128, learning_rate=5e-3, average=0.98)
    entry = Entry(Cost("", "", 0, 0, ""))
    found = fit(jax.random.key(1), estimator, task, pairs(task, 6000), training, entry=entry)
    fresh = pairs(task, 1000, seed=1)
    assert found.model.levels == (0.1, 0.5, 0.9)
    got = quickly_compiled(jax.vmap(found.model.points))(fresh.y)
    mean, variance = jax.vmap(lambda y: (task.posterior(y).mean, task.posterior(y).variance))(
        fresh.y
    )
    deviation = np.sqrt(variance)
    assert np.sqrt(np.mean(((got.mean - mean) / deviation) ** 2)) < 0.15
    for place, expected in enumerate(norm.ppf(found.model.levels)):
        error = (got.quantiles[:, place] - mean) / deviation - expected
        assert np.abs(error.mean()) < 0.08
        assert np.sqrt(np.mean(error**2)) < 0.25
