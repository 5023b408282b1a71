"""cDiff's sets and series: their story told again in NumPy, likelihoods and posteriors against SciPy and sums."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special, stats

from inversion.tasks.fractional_brownian import FractionalBrownian
from inversion.tasks.g_and_k import GAndK
from inversion.tasks.lotka_volterra_series import LotkaVolterraSeries
from inversion.tasks.markov_switching import MarkovSwitching
from inversion.tasks.minnesota_var import MinnesotaVar, spectral_radius
from inversion.tasks.normal_wishart import NormalWishart, pack, unpack

NUM = 4000
WISHART = NormalWishart(size=2, min_rows=4, max_rows=6)
QUANTILES = GAndK(min_rows=3, max_rows=5)
POPULATIONS = LotkaVolterraSeries(duration=6.0, min_rows=11, max_rows=14)
SWITCHING = MarkovSwitching(min_rows=8, max_rows=10)
BROWNIAN = FractionalBrownian(min_rows=6, max_rows=9)
VAR = MinnesotaVar(size=2, lags=3, min_rows=6, max_rows=8)


def joint(task, num=NUM, seed=0):
    @jax.jit
    def draw(key_theta, key_y):
        theta = task.prior().sample(key_theta, (num,))
        return theta, jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)

    theta, y = draw(*jax.random.split(jax.random.key(seed)))
    return np.asarray(theta), np.asarray(y)


@pytest.mark.parametrize("task", [WISHART, QUANTILES, POPULATIONS, BROWNIAN, VAR])
def test_padding_says_nothing(task):
    theta, y = joint(task, 50)
    rows = np.isfinite(y).all(2).sum(1)
    assert set(rows) <= set(range(task.min_rows, task.max_rows + 1))
    i = rows.argmin()
    value = jax.jit(jax.value_and_grad(task.log_likelihood))
    padded, bare = value(theta[i], y[i]), value(theta[i], y[i, : rows[i]])
    assert np.isfinite(padded[1]).all()
    np.testing.assert_allclose(padded[0], bare[0], rtol=1e-9)
    np.testing.assert_allclose(padded[1], bare[1], rtol=1e-6, atol=1e-9)


def test_normal_wishart_is_that_of_scipy(same_law):
    covariance = stats.invwishart(4, np.eye(2)).rvs(NUM, random_state=0)
    factor = np.linalg.cholesky(covariance)
    rng = np.random.default_rng(0)
    mu = np.einsum("nij,nj->ni", factor, rng.normal(size=(NUM, 2)))
    y = mu + np.einsum("nij,nj->ni", factor, rng.normal(size=(NUM, 2)))
    theta, ours = joint(WISHART)
    theirs = np.hstack([pack(mu, factor), y])
    assert same_law(np.hstack([theta, ours[:, 2]]), theirs)
    expected = stats.multivariate_normal(mu[0], covariance[0]).logpdf(y[:5]).sum()
    likelihood = WISHART.log_likelihood(pack(mu[0], factor[0]), y[:5])
    np.testing.assert_allclose(likelihood, expected, rtol=1e-9)


def test_normal_wishart_density_is_scipys_by_the_jacobian():
    y = joint(WISHART, 1)[1][0]
    posterior = WISHART.posterior(y)
    theta = posterior.sample(jax.random.key(1))

    def moments(theta):
        mu, factor = unpack(theta, 2)
        return jnp.concatenate([mu, (factor @ factor.T)[jnp.tril_indices(2)]])

    mu, factor = map(np.asarray, unpack(theta, 2))
    covariance = factor @ factor.T
    expected = stats.invwishart(float(posterior.freedom), np.asarray(posterior.spread)).logpdf(
        covariance
    )
    normal = stats.multivariate_normal(
        np.asarray(posterior.mean_of_mu), covariance / float(posterior.rows)
    )
    expected += normal.logpdf(mu) + jnp.linalg.slogdet(jax.jacfwd(moments)(theta))[1]
    np.testing.assert_allclose(posterior.log_prob(theta), expected, rtol=1e-9)


def test_normal_wishart_posterior_on_a_grid():
    task, y = NormalWishart(size=1, min_rows=2, max_rows=3), jnp.array([[0.4], [-1.0], [2.0]])
    axes = jnp.arange(-12, 13, 0.05), jnp.arange(-3, 4, 0.02)
    theta = jnp.stack(jnp.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
    weight = task.prior().log_prob(theta) + jax.vmap(task.log_likelihood, (0, None))(theta, y)
    weight = jnp.exp(weight - weight.max())
    density = jnp.exp(task.posterior(y).log_prob(theta))
    np.testing.assert_allclose(density, weight / weight.sum() / 0.05 / 0.02, rtol=1e-3, atol=1e-5)


def g_and_k(a, b, g, k, z):
    return a + b * (1 + 0.8 * np.tanh(g * z / 2)) * (1 + z**2) ** k * z


def test_g_and_k_is_that_of_numpy(same_law):
    rng = np.random.default_rng(0)
    a, g = rng.normal(size=(2, NUM))
    b, k = rng.gamma(5, 0.2, NUM), rng.gamma(7, 1 / 7, NUM)
    y = np.tanh(g_and_k(a, b, g, k, rng.normal(size=NUM)) / 10)
    theta = np.column_stack([a / 5, np.log(b + 1e-3) / 2, g / 5, np.log(k + 1e-3) / 2])
    ours, rows = joint(QUANTILES)
    assert same_law(np.hstack([ours, rows[:, 0]]), np.column_stack([theta, y]))
    expected = stats.norm(0, 0.2).logpdf(theta[:, [0, 2]]).sum(1)
    expected += stats.gamma(5, scale=0.2).logpdf(b) + stats.gamma(7, scale=1 / 7).logpdf(k)
    expected += np.log(2 * (b + 1e-3)) + np.log(2 * (k + 1e-3))
    np.testing.assert_allclose(QUANTILES.prior().log_prob(theta), expected, rtol=1e-9)
    bound = np.log(1e-3) / 2
    assert QUANTILES.prior().support(jnp.array([0, bound + 1e-6, 0, bound + 1e-6]))
    assert not QUANTILES.prior().support(jnp.array([0, 0, 0, bound - 1e-6]))


@pytest.mark.parametrize("theta", [(0.1, 0.05, 0.2, -0.1), (-0.4, -0.8, -0.5, 0.3)])
def test_g_and_k_likelihood_has_mass_one(theta):
    """Between the limits by sums over x, and beyond them as the simulator has it."""
    theta = jnp.array(theta)
    likelihood = jax.jit(jax.vmap(QUANTILES.log_likelihood, (None, 0)))
    x = np.concatenate([np.arange(-60, 60, 0.004) + 0.002, [-70, 70]])
    y = np.tanh(x / 10)
    mass = np.exp(likelihood(theta, y[:, None, None]))
    inside = np.sum(mass[:-2] * (1 - y[:-2] ** 2) / 10 * 0.004)
    assert inside + mass[-2:].sum() == pytest.approx(1, abs=1e-4)
    a, b, g, k = np.asarray(theta) * [5, 2, 5, 2]
    z = np.random.default_rng(0).normal(size=100_000)
    above = g_and_k(a, np.exp(b) - 1e-3, g, np.exp(k) - 1e-3, z) > 60
    assert mass[-1] == pytest.approx(above.mean(), abs=5e-4)


def test_lotka_volterra_states_are_scipys():
    """At the prior's corners, where it is the most rapid, over the whole time."""
    task = LotkaVolterraSeries()
    low, high = np.array([0.5, 0.01, 0.01, 0.005]), np.array([1.0, 0.1, 0.5, 0.05])
    states = jax.jit(lambda theta: task.states(theta, 200))
    for corner in (0b0001, 0b1001, 0b0101, 0b1111):
        rates = np.where([corner >> i & 1 for i in range(4)], high, low)
        ours = np.log(states(jnp.array([*rates, 1, 1, 0]))[:200])

        def field(t, logs, rates=rates):
            x, z = np.exp(logs)
            return rates[0] - rates[1] * z, rates[3] * x - rates[2]

        theirs = integrate.solve_ivp(
            field, (0, 30), np.log([20, 5]), "LSODA", np.linspace(0, 30, 200), rtol=1e-9, atol=1e-9
        )
        np.testing.assert_allclose(np.exp(ours), np.exp(theirs.y.T), atol=0.02, rtol=1e-3)


def test_lotka_volterra_noise_and_prior(same_law):
    theta, y = joint(POPULATIONS)
    rng = np.random.default_rng(0)
    rates = rng.uniform([0.5, 0.01, 0.01, 0.005], [1, 0.1, 0.5, 0.05], (NUM, 4))
    s, rho = rng.gamma(5, 0.2, (NUM, 2)), rng.uniform(-0.1, 0.1, NUM)
    theirs = np.column_stack([rates, s, rho * s[:, 0] * s[:, 1]])
    assert same_law(theta, theirs)
    expected = stats.gamma(5, scale=0.2).logpdf(s).sum(1) - np.log(s).sum(1) - np.log(0.2)
    expected -= np.log(0.5 * 0.09 * 0.49 * 0.045)
    np.testing.assert_allclose(
        POPULATIONS.prior().log_prob(jnp.asarray(theirs)), expected, rtol=1e-9
    )
    covariance = [[s[0, 0] ** 2, theirs[0, 6]], [theirs[0, 6], s[0, 1] ** 2]]
    states = np.asarray(POPULATIONS.states(jnp.asarray(theirs[0]), 12))[:12]
    noise = stats.multivariate_normal([0, 0], covariance).rvs(12, random_state=rng)
    likelihood = POPULATIONS.log_likelihood(jnp.asarray(theirs[0]), states + noise)
    expected = stats.multivariate_normal([0, 0], covariance).logpdf(noise).sum()
    np.testing.assert_allclose(likelihood, expected, rtol=1e-9)
    first = y[:, 0] - [20, 5]  # the state at 0 is known: what is left is the noise
    assert same_law(first / theta[:, 4:6], rng.normal(size=(NUM, 2)))
    product = np.prod(first, axis=1) / np.prod(theta[:, 4:6], axis=1)
    rho = theta[:, 6] / np.prod(theta[:, 4:6], axis=1)
    assert np.mean(rho * product) == pytest.approx(np.mean(rho**2), abs=4 * 0.06 / NUM**0.5)


def test_markov_switching_is_its_story(same_law):
    rng = np.random.default_rng(0)
    s_y, s_x = rng.gamma(2, 2, NUM) ** -0.5, rng.gamma(4, 1, NUM) ** -0.5
    slopes = np.sort(rng.normal([1, -1], s_y[:, None]), axis=1)
    stay = 0.99 * rng.beta(30, 2, (NUM, 2))
    state, x, rows, line = rng.integers(0, 2, NUM), np.zeros(NUM), [], np.arange(NUM)
    for t in range(-25, SWITCHING.min_rows):
        if t >= 0:
            rows.append([x, slopes[line, state] * x] + s_y * rng.normal(size=(2, NUM)))
        state = np.where(rng.random(NUM) < stay[line, state], state, 1 - state)
        x = x + s_x * rng.normal(size=NUM) * (t >= 0)
    theta = np.column_stack([slopes, np.log(s_y), np.log(s_x), special.logit(stay)])
    rows = np.transpose(rows, (2, 0, 1))
    ours, y = joint(SWITCHING)
    lines = [0, 3, 7]
    assert same_law(
        np.hstack([ours, y[:, lines].reshape(NUM, -1), np.prod(y[:, 3:8:2], axis=2)]),
        np.hstack([theta, rows[:, lines].reshape(NUM, -1), np.prod(rows[:, 3:8:2], axis=2)]),
    )


def test_markov_switching_prior_has_mass_one():
    """By importance: draws of a law around the prior's own mean, by parts that are independent given s_y."""
    prior = SWITCHING.prior()
    theta = prior.sample(jax.random.key(3), (20_000,))
    around = stats.norm(np.mean(theta, 0), 0.3 * np.std(theta, 0))
    inside = around.logpdf(theta).sum(1) - prior.log_prob(theta)
    ratio = np.exp(np.asarray(inside))
    assert ratio.mean() == pytest.approx(1, abs=4 * ratio.std() / np.sqrt(len(ratio)))
    assert ratio.std() < 20
    switched = theta[:5].at[:, :2].set(theta[:5, 1::-1])
    assert prior.support(theta).all()
    assert not prior.support(switched).any()


def brownian_covariance(hurst, times):
    s, t = np.meshgrid(times, times)
    h = 2 * hurst
    return (s**h + t**h - np.abs(s - t) ** h) / 2


@pytest.mark.parametrize("hurst", [0.1, 0.5, 0.9])
def test_fractional_brownian_covariance(hurst):
    task, num = FractionalBrownian(min_rows=12, max_rows=12), 20_000
    theta = jnp.array([special.logit(hurst) / 10, np.log(20) / 10, np.log(0.6) / 10, 0.02, 0.4])
    simulate = jax.jit(jax.vmap(task.simulate, (0, None)))
    y = np.asarray(simulate(jax.random.split(jax.random.key(4), num), theta))[..., 0]
    times = np.linspace(0, 1, 12)
    covariance = 20 * brownian_covariance(hurst, times) + 1e-6 * np.eye(12)
    mean = 0.6 * np.sin(2 * np.pi * times / 0.4 + 2 * np.arctan(0.2) + np.pi)
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_array_less(np.abs(y.mean(0) - mean), 4.5 * scale / num**0.5)
    error = np.sqrt((np.outer(scale, scale) ** 2 + covariance**2) / num)
    np.testing.assert_array_less(np.abs(np.cov(y.T) - covariance), 4.5 * error)
    expected = stats.multivariate_normal(mean, covariance).logpdf(y[0])
    likelihood = task.log_likelihood(theta, y[0][:, None])
    np.testing.assert_allclose(likelihood, expected, rtol=1e-6)


def test_fractional_brownian_increments_at_full_length():
    """One path of 1,000 steps: increments scaled by n^H have variance tau^2, whatever the length."""
    task, hurst = FractionalBrownian(), 0.7
    theta = jnp.array([special.logit(hurst) / 10, 0.0, -2.0, 0.0, 0.5])  # tau = 1, next to no wave
    simulate = jax.jit(jax.vmap(task.simulate, (0, None)))
    y = np.asarray(simulate(jax.random.split(jax.random.key(5), 200), theta))[..., 0]
    n = np.isfinite(y).sum(1)
    steps = np.diff(y, axis=1) * (n[:, None] - 1) ** hurst
    assert np.nanmean(steps**2) == pytest.approx(1, abs=0.03)
    assert np.nanmean(steps[:, 1:] * steps[:, :-1]) == pytest.approx(2**0.4 - 1, abs=0.03)
    ends = y[np.arange(200), n - 1]
    assert np.mean(ends**2) == pytest.approx(1, abs=0.4)


def test_fractional_brownian_prior_is_that_of_numpy(same_law):
    rng = np.random.default_rng(0)
    hurst, phase = rng.random(NUM), rng.uniform(0, 2 * np.pi, NUM)
    logs = np.log([rng.gamma(20, 1, NUM), rng.gamma(3, 0.2, NUM)])
    tenths = np.vstack([special.logit(hurst), logs, np.tan((phase - np.pi) / 2)])
    theirs = np.column_stack([*tenths / 10, rng.uniform(0.1, 1, NUM)])
    prior = BROWNIAN.prior()
    assert same_law(prior.sample(jax.random.key(6), (NUM,)), theirs)
    assert prior.support(theirs).all()


def test_minnesota_var_is_its_story(same_law):
    rng, size, lags = np.random.default_rng(0), VAR.size, VAR.lags
    h = np.arange(1, lags + 1)[:, None, None]
    mean, scale = 0.45 / h * np.eye(size), 0.25 / h
    low, high = (-1 - mean) / scale, (1 - mean) / scale
    normal = stats.truncnorm(low, high, loc=mean, scale=np.broadcast_to(scale, mean.shape))
    gamma = normal.rvs((NUM, *mean.shape), random_state=rng)
    variance = stats.invgamma(2, scale=1 / 6).rvs((NUM, size), random_state=rng)
    companion = np.zeros((NUM, lags * size, lags * size))
    companion[:, size:, :-size] = np.eye((lags - 1) * size)
    unstable, shrunk = np.arange(NUM), 0
    while len(unstable):
        rows = gamma[unstable].transpose(0, 2, 1, 3).reshape(len(unstable), size, -1)
        companion[unstable, :size] = rows
        radius = np.abs(np.linalg.eigvals(companion[unstable])).max(1)
        unstable = unstable[radius >= 1]
        gamma[unstable] *= 0.99
        shrunk += len(unstable)
    assert shrunk > NUM
    y = np.zeros((NUM, lags + VAR.min_rows, size))
    for t in range(lags, y.shape[1]):
        past = y[:, t - lags : t][:, ::-1]
        noise = np.sqrt(variance) * rng.normal(size=(NUM, size))
        y[:, t] = np.einsum("nhij,nhj->ni", gamma, past) + noise
    theirs = np.hstack([gamma.reshape(NUM, -1), np.log(variance) / 3])
    rows = y[:, [lags, -2, -1]].reshape(NUM, -1) / 100
    theta, ours = joint(VAR)
    ours = ours[:, [0, VAR.min_rows - 2, VAR.min_rows - 1]].reshape(NUM, -1)
    assert same_law(np.hstack([theta, ours]), np.hstack([theirs, rows]))
    radius = jax.vmap(spectral_radius)(theta[:, :-size].reshape(gamma.shape))
    assert 0.98 < radius.max() < 1
    past = np.stack([y[0, lags - h : -h] for h in range(1, lags + 1)])
    mean = np.einsum("hij,htj->ti", gamma[0], past)
    expected = stats.norm(mean / 100, np.sqrt(variance[0]) / 100).logpdf(y[0, lags:] / 100).sum()
    likelihood = VAR.log_likelihood(jnp.asarray(theirs[0]), y[0, lags:] / 100)
    np.testing.assert_allclose(likelihood, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NormalWishart(min_rows=4), "normal_wishart from 5 to max_rows; got 4 and 999"),
        (lambda: NormalWishart(size=0), "size of normal_wishart above 0; got 0"),
        (lambda: LotkaVolterraSeries(duration=0), "duration of lotka_volterra_series above 0"),
        (lambda: MinnesotaVar(lags=0), "size and lags of minnesota_var above 0; got 5 and 0"),
        (lambda: FractionalBrownian(min_rows=1), "fractional_brownian from 2 to max_rows; got 1"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()
