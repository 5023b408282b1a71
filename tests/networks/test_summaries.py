"""Summary networks: order does not matter to a set, padding to none, and with a flow they learn a known posterior."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from inversion.cost import Cost, Entry
from inversion.estimators.fit import Training, fit
from inversion.estimators.trained import Standardisation, make_estimator
from inversion.networks.summaries import SUMMARIES
from inversion.networks.summaries.convolution_lstm import BiLSTM
from inversion.records import Simulations
from inversion.registry import build, resolve
from inversion.tasks.task import AbstractTask

ROWS, COLUMNS = 20, 2
# A small network of each kind: a new kind needs a line here.
SMALL = {
    "convolution_lstm": [{"dim": 8, "filters": 4}, {"dim": 8, "filters": 4, "stride": 3}],
    "deep_sets": [{"dim": 8, "width": 16}],
    "set_transformer": [
        {"dim": 8, "width": 16, "blocks": 2, "seeds": 2},
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
CLOSE = {"atol": 5e-6, "rtol": 2e-5}
SETS = ("deep_sets", "set_transformer")
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
    maps = Standardisation.of(Mean(), Simulations(np.zeros((len(y), 1), np.float32), y))
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
        ("time_series_transformer", {"blocks": 0}, "Expected at least 1 block and 1 seed"),
    ],
)
def test_bad_settings_are_refused(kind, settings, message):
    with pytest.raises(ValueError, match=message):
        resolve(SUMMARIES, kind)(key=jax.random.key(0), y_shape=(5, 2), **settings)


class Mean(AbstractTask):
    """theta ~ N(0, 1), y of 1 to 12 rows theta + N(0, 1): the posterior is N(sum y / (n + 1), 1 / (n + 1))."""

    most: int = eqx.field(static=True, default=12)

    def prior(self):
        return dist.Normal(jnp.zeros(1), 1.0).to_event(1)

    def simulate(self, key, theta):
        key_rows, key_count = jax.random.split(key)
        y = theta + jax.random.normal(key_rows, (self.most, 1))
        count = jax.random.randint(key_count, (), 1, self.most + 1)
        return jnp.where(jnp.arange(self.most)[:, None] < count, y, jnp.nan)


def pairs(task, num, seed=0):
    key_theta, key_y = jax.random.split(jax.random.key(seed))
    theta = task.prior().sample(key_theta, (num,))
    y = jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)
    return Simulations(np.asarray(theta, np.float32), np.asarray(y, np.float32))


def test_a_flow_behind_deep_sets_learns_the_conjugate_posterior():
    """Trained by one loss; the mean of log p - log q over fresh pairs is a Kullback-Leibler divergence."""
    task = Mean()
    network = {"layers": 2, "knots": 4, "width": 16, "depth": 1, "activation": "silu"}
    summary = {"kind": "deep_sets", "dim": 8, "width": 16, "depth": 1}
    estimator = make_estimator(jax.random.key(0), task, "flow", network, summary)
    training = Training(epochs=60, batch=128, learning_rate=3e-3, average=0.98)
    entry = Entry(Cost("", "", 0, 0, ""))
    found = fit(jax.random.key(1), estimator, task, pairs(task, 8000), training, entry=entry)
    fresh = pairs(task, 4000, seed=1)
    count = np.isfinite(fresh.y[..., 0]).sum(axis=1)
    mean, std = np.nansum(fresh.y[..., 0], axis=1) / (count + 1), (count + 1) ** -0.5
    exact = dist.Normal(mean, std).log_prob(fresh.theta[:, 0])
    got = jax.jit(jax.vmap(found.model.log_prob))(fresh.theta, fresh.y)
    assert 0 < (exact - got).mean() < 0.03
    by_count = [(exact - got)[count == n].mean() for n in (1, 12)]
    assert max(by_count) < 0.1
    key = jax.random.key(2)
    for y in ([0.7], [0.2, 1.4, -0.3, 0.9, 2.0, 1.1]):
        draws = found.model.sample(key, jnp.asarray(y, jnp.float32)[:, None], 4000)
        std = (len(y) + 1) ** -0.5
        assert draws.mean() == pytest.approx(sum(y) / (len(y) + 1), abs=0.15 * std)
        assert draws.std() == pytest.approx(std, rel=0.15)
