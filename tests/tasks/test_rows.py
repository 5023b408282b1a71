"""Tasks of many rows: what pads says nothing, and the closed forms are those of the rows that there are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions.transforms import biject_to
from scipy import stats

from inversion.records import lengths, whole
from inversion.references.nuts import Nuts
from inversion.references.rejection import Rejection
from inversion.tasks.gaussian_set import GaussianSet
from inversion.tasks.normal_gamma import NormalGamma
from inversion.tasks.stochastic_volatility import StochasticVolatility

NORMAL = NormalGamma(min_rows=4, max_rows=9)
GAUSSIAN = GaussianSet(dim=1, prior_scale=2.0, noise_scale=0.5, max_rows=8)
SERIES = StochasticVolatility(min_rows=30, max_rows=60)


def joint(task, num, seed=0):
    key_theta, key_y = jax.random.split(jax.random.key(seed))
    theta = task.prior().sample(key_theta, (num,))
    return theta, jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)


@pytest.mark.parametrize("task", [NORMAL, GAUSSIAN, SERIES])
def test_every_number_of_rows_is_as_likely(task):
    _, y = joint(task, 5000)
    y = np.asarray(y)
    assert whole(y).all()
    counts = np.bincount(lengths(y), minlength=task.max_rows + 1)
    assert (counts[: task.min_rows] == 0).all()
    assert stats.chisquare(counts[task.min_rows :]).pvalue > 1e-4


@pytest.mark.parametrize("task", [NORMAL, GAUSSIAN])
def test_padding_says_nothing(task):
    theta, _ = joint(task, 1)
    y = jax.random.normal(jax.random.key(1), (5, 1))
    padded = jnp.concatenate([y, jnp.full((3, 1), jnp.nan)])

    @jax.jit
    def answers(y):
        value, slope = jax.value_and_grad(task.log_likelihood)(theta[0], y)
        density = task.posterior(y).log_prob(theta[0])
        return jnp.stack([value, *slope, task.log_likelihood_bound(y), density])

    assert np.isfinite(answers(padded)).all()
    np.testing.assert_allclose(answers(padded), answers(y), rtol=1e-12)


def test_normal_gamma_is_that_of_scipy(same_law):
    theta, y = joint(NORMAL, 10_000)
    sigma = stats.invgamma(4, scale=4).rvs(10_000, random_state=0) ** 0.5
    rng = np.random.default_rng(0)
    mu = rng.normal(0, sigma)
    rows = rng.normal(mu[:, None], sigma[:, None], (10_000, 4))
    theirs = np.column_stack([mu, np.log(sigma), rows])
    assert same_law(jnp.hstack([theta, y[:, :4, 0]]), theirs)
    each = stats.norm(theta[0, 0], jnp.exp(theta[0, 1])).logpdf(y[0, :4, 0]).sum()
    np.testing.assert_allclose(NORMAL.log_likelihood(theta[0], y[0, :4]), each, rtol=1e-12)


@pytest.mark.parametrize("rows", [2, 9])
def test_normal_gamma_posterior_on_a_grid(rows):
    y = 1 + 2 * jax.random.normal(jax.random.key(2), (rows, 1))
    axes = jnp.arange(-15, 17, 0.05), jnp.arange(-3, 5, 0.02)
    theta = jnp.stack(jnp.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
    weight = jax.vmap(NORMAL.prior().log_prob)(theta) + jax.vmap(NORMAL.log_likelihood, (0, None))(
        theta, y
    )
    weight = jnp.exp(weight - weight.max())
    density = jnp.exp(NORMAL.posterior(y).log_prob(theta))
    np.testing.assert_allclose(density, weight / weight.sum() / 0.05 / 0.02, rtol=1e-3, atol=1e-6)


def test_gaussian_set_is_bayes_rule_row_by_row():
    """The posterior after a row is the prior of the next."""
    y = jnp.array([[0.3], [-1.0], [2.0]])
    mean, variance = 0.0, 4.0
    for (value,) in y:
        gain = variance / (variance + 0.25)
        mean, variance = mean + gain * (value - mean), variance * (1 - gain)
    posterior = GAUSSIAN.posterior(jnp.concatenate([y, jnp.full((5, 1), jnp.nan)]))
    np.testing.assert_allclose(posterior.mean, [mean], rtol=1e-12)
    np.testing.assert_allclose(posterior.variance, [variance], rtol=1e-12)


@pytest.mark.parametrize("reference", [Nuts(chains=4, warmup=100), Rejection()])
def test_references_agree_with_the_closed_form(reference, same_law):
    y = joint(NORMAL, 1, seed=4)[1]
    exact = NORMAL.posterior(y[0]).sample(jax.random.key(5), (2000,))
    invert = jax.jit(lambda key: reference.invert(key, NORMAL, y[0], 2000))
    theta = invert(jax.random.key(6)).theta
    assert same_law(exact, theta[::4] if isinstance(reference, Nuts) else theta)


def test_stochastic_volatility_is_that_of_numpy(same_law):
    """The series' first, middle and last steps, with their spread, against a loop over time."""
    num, steps = 4000, SERIES.min_rows
    theta, y = joint(SERIES, num)
    rng = np.random.default_rng(0)
    mu = rng.normal(-1, 0.5, num)
    phi, sigma = rng.uniform(0.9, 0.999, num), rng.uniform(0.1, 0.3, num)
    h, rows = rng.normal(mu, sigma), []
    for _ in range(steps):
        rows.append(np.exp(h / 2) * rng.normal(size=num))
        h = mu + phi * (h - mu) + sigma * rng.normal(size=num)
    theirs = np.column_stack(rows)
    ours = np.asarray(y[:, :steps, 0])
    lines = [0, steps // 2, steps - 1]
    spread = [np.log((x**2).mean(1))[:, None] for x in (ours, theirs)]
    assert same_law(
        np.hstack([theta, ours[:, lines], spread[0]]),
        np.hstack([np.column_stack([mu, phi, sigma]), theirs[:, lines], spread[1]]),
    )


def test_log_variance_is_the_autoregression_of_its_formula():
    """Var h_t = sigma^2 (1 - phi^(2 t + 2)) / (1 - phi^2); E log y^2 = E h + E log chi^2."""
    theta = jnp.array([-0.5, 0.95, 0.2])
    y = jax.vmap(SERIES.simulate, (0, None))(jax.random.split(jax.random.key(7), 20_000), theta)
    logs = jnp.log(y[:, : SERIES.min_rows, 0] ** 2)
    t = np.arange(SERIES.min_rows)
    variance = 0.2**2 * (1 - 0.95 ** (2 * t + 2)) / (1 - 0.95**2) + np.pi**2 / 2
    np.testing.assert_allclose(logs.mean(0), -0.5 - np.euler_gamma - np.log(2), atol=0.09)
    np.testing.assert_allclose(logs.var(0), variance, rtol=0.06)
    covariance = jnp.cov(logs[:, 10], logs[:, 15])[0, 1]
    expected = 0.95**5 * 0.2**2 * (1 - 0.95**22) / (1 - 0.95**2)
    assert covariance == pytest.approx(expected, abs=0.15)


def test_columns_each_in_their_own_support():
    prior = SERIES.prior()
    theta = prior.sample(jax.random.key(8), (3,))
    expected = stats.norm(-1, 0.5).logpdf(theta[:, 0]) - np.log(0.099) - np.log(0.2)
    np.testing.assert_allclose(prior.log_prob(theta), expected, rtol=1e-12)
    assert prior.support(theta).all()
    assert not prior.support(jnp.array([0.0, 0.95, 0.4]))
    bijection = biject_to(prior.support)
    u = bijection.inv(theta)
    np.testing.assert_allclose(bijection(u), theta, rtol=1e-12)
    jacobian = jax.jacfwd(bijection)(u[0])
    np.testing.assert_allclose(
        bijection.log_abs_det_jacobian(u[0], theta[0]), jnp.linalg.slogdet(jacobian)[1], rtol=1e-12
    )
    assert prior.support(bijection(jnp.array([50.0, -8.0, 8.0])))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: NormalGamma(min_rows=1),
            "Expected min_rows of normal_gamma from 2 to max_rows; got 1",
        ),
        (
            lambda: GaussianSet(min_rows=5, max_rows=4),
            "gaussian_set from 1 to max_rows; got 5 and 4",
        ),
        (lambda: StochasticVolatility(min_rows=0), "stochastic_volatility from 1"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()
