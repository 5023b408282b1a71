"""cDiff's simulators of one reading: their story told again in NumPy, their likelihoods and posteriors summed up."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.distributions import constraints
from numpyro.distributions.transforms import biject_to
from scipy import stats

from inversion.tasks.blocks import Blocks
from inversion.tasks.cos import Cos
from inversion.tasks.dirichlet_laplace import DirichletLaplace
from inversion.tasks.poisson_gamma import PoissonGamma
from inversion.tasks.socks import Socks
from inversion.tasks.species_sampling import SpeciesSampling

NUM = 4000


def joint(task, num=NUM, seed=0):
    @jax.jit
    def draw(key_theta, key_y):
        theta = task.prior().sample(key_theta, (num,))
        return theta, jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)

    theta, y = draw(*jax.random.split(jax.random.key(seed)))
    return np.asarray(theta), np.asarray(y)


def test_cos_is_that_of_numpy(same_law):
    rng = np.random.default_rng(0)
    theta = rng.uniform(-1, 1, (NUM, 2))
    a, b = np.pi * theta.T
    mu = np.cos(a - b) + np.cos(2 * a + b) + np.cos(3 * a - 4 * b)
    y = rng.normal(mu) / 4
    assert same_law(np.hstack(joint(Cos())), np.column_stack([theta, y]))
    likelihood = jax.vmap(Cos().log_likelihood)(theta, y[:, None])
    np.testing.assert_allclose(likelihood, stats.norm(mu / 4, 0.25).logpdf(y), rtol=1e-9)


def test_poisson_gamma_is_that_of_numpy(same_law):
    rng = np.random.default_rng(0)
    rate = rng.gamma(2, size=(NUM, 2))
    counts = rng.poisson(rate)
    theirs = np.hstack([np.log(rate), np.log1p(counts)])
    assert same_law(np.hstack(joint(PoissonGamma(dim=2))).round(6), theirs.round(6))
    y = np.log1p(counts).astype(np.float32).astype(float)  # as it comes from a file
    likelihood = jax.vmap(PoissonGamma(dim=2).log_likelihood)(np.log(rate), y)
    np.testing.assert_allclose(likelihood, stats.poisson(rate).logpmf(counts).sum(1), rtol=1e-9)


def test_poisson_gamma_posterior_on_a_grid():
    """With the Jacobian of the logarithm: prior and posterior both have mass 1 over theta."""
    task, theta = PoissonGamma(dim=1), jnp.arange(-15, 6, 0.01)[:, None]
    prior = jnp.exp(task.prior().log_prob(theta))
    for count in (0, 3):
        y = jnp.log1p(jnp.array([float(count)]))
        weight = prior * jnp.exp(jax.vmap(task.log_likelihood, (0, None))(theta, y))
        density = jnp.exp(task.posterior(y).log_prob(theta))
        np.testing.assert_allclose(density, weight / weight.sum() / 0.01, atol=1e-9)
        assert density.sum() * 0.01 == pytest.approx(1, abs=1e-9)


def test_species_sampling_is_its_story(same_law):
    """Animals first, then those that are seen: the simulator draws the seen ones at once."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet([2, 2, 2], NUM)
    q = np.column_stack([rng.choice([0.9, 0.3], NUM, p=[0.7, 0.3]), np.full((NUM, 2), [0.6, 0.7])])
    y = rng.binomial(rng.poisson(50 * p), q) / 50 * 2 - 0.5
    theirs = np.column_stack([p[:, 0] - p[:, 2], p[:, 1] - p[:, 2], y])
    assert same_law(np.hstack(joint(SpeciesSampling())).round(6), theirs.round(6))


def test_species_sampling_likelihood_has_mass_one():
    counts = np.stack(np.meshgrid(*[np.arange(45)] * 3, indexing="ij"), -1).reshape(-1, 3)
    y = counts / 50 * 2 - 0.5
    log_likelihood = jax.jit(jax.vmap(SpeciesSampling().log_likelihood, (None, 0)))
    mass = jnp.exp(log_likelihood(jnp.array([-0.4, 0.1]), y)).sum()
    assert mass == pytest.approx(1, abs=1e-6)


def test_dirichlet_laplace_is_its_story(same_law):
    rng, n, a = np.random.default_rng(0), 3, 20**-0.5
    tau = rng.gamma(n * a, 2, (NUM, 1))
    phi = rng.dirichlet([a] * n, NUM)
    mu = tau * phi * rng.exponential(size=(NUM, n)) * rng.normal(size=(NUM, n))
    sigma = stats.invgamma(100, scale=100).rvs((NUM, 1), random_state=rng) ** 0.5
    y = rng.normal(mu, sigma) / 100
    theta = np.hstack([np.tanh(mu / 50), np.log(tau) / 4, np.log(sigma)])
    task = DirichletLaplace(size=n)
    assert same_law(np.hstack(joint(task)), np.hstack([theta, y]))
    expected = stats.norm(mu / 100, sigma / 100).logpdf(y).sum(1)
    np.testing.assert_allclose(jax.vmap(task.log_likelihood)(theta, y), expected, rtol=1e-6)


def socks_in_order(rng, totals):
    """One dataset: put the socks on a heap, shuffle it, pull until two match."""
    share = rng.beta(30, 4) if rng.random() < 0.75 else rng.beta(50, 50)
    pulls = []
    for total in totals:
        pairs = int(total * share / 2)
        heap = [*range(pairs), *range(pairs), *range(pairs, total - pairs)]
        rng.shuffle(heap)
        seen = [sock in heap[:i] for i, sock in enumerate(heap)]
        pulls.append(seen.index(True) + 1 if any(seen) else total)
    return pulls


def test_socks_is_its_story(same_law):
    rng, num = np.random.default_rng(0), 3000
    totals = rng.negative_binomial(30**2 / (225 - 30), 30 / 225, (num, 3))
    pulls = np.array([socks_in_order(rng, row) for row in totals])
    theta, y = joint(Socks(dryers=3), num)
    ours = np.round(30 * np.hstack([theta, y]))
    np.testing.assert_allclose(ours[:, 3:], 30 * y, atol=1e-9)
    jitter = rng.uniform(0, 0.5, (2, num, 6))  # the same on both sides: ties are broken
    assert same_law(ours + jitter[0], np.hstack([totals, pulls]) + jitter[1])


@pytest.mark.parametrize("total", [0, 1, 2, 3, 8])
def test_socks_of_few(total):
    """Pairs of 0, 1 and 4 socks: at most one pull more than there are kinds, and all where nothing matches."""
    task = Socks(dryers=1)
    simulate = jax.jit(jax.vmap(task.simulate, (0, None)))
    keys = jax.random.split(jax.random.key(1), 2000)
    pulls = np.round(30 * np.asarray(simulate(keys, jnp.array([total / 30])))).astype(int)
    possible = {0: {0}, 1: {1}, 2: {2}, 3: {2, 3}, 8: {2, 3, 4, 5, 6, 7, 8}}[total]
    assert set(np.unique(pulls)) <= possible
    if (
        total == 3
    ):  # one pair wherever 3 share >= 2, met at the second pull in a third of the orders
        pair = 0.75 * stats.beta(30, 4).sf(2 / 3) + 0.25 * stats.beta(50, 50).sf(2 / 3)
        assert (pulls == 2).mean() == pytest.approx(pair / 3, abs=0.04)


def test_spread_totals_have_a_density():
    prior = Socks(dryers=1).prior()
    theta = (jnp.arange(-0.5, 400, 0.1) + 0.05)[:, None] / 30
    assert jnp.exp(prior.log_prob(theta)).sum() * 0.1 / 30 == pytest.approx(1, abs=1e-9)
    expected = stats.nbinom(30**2 / 195, 30 / 225).logpmf(17) + np.log(30)
    assert prior.log_prob(jnp.array([17.4 / 30])) == pytest.approx(expected)


def test_blocks_each_in_its_support():
    blocks = Blocks((constraints.interval(-1.0, 1.0), 2), (constraints.ordered_vector, 3))
    u = jax.random.normal(jax.random.key(0), (7, 5))
    bijection = biject_to(blocks)
    x = bijection(u)
    assert blocks(x).all()
    assert not blocks(x[:, ::-1]).any()
    np.testing.assert_allclose(bijection.inv(x), u, rtol=1e-9)
    jacobian = jnp.linalg.slogdet(jax.jacfwd(bijection)(u[0]))[1]
    np.testing.assert_allclose(bijection.log_abs_det_jacobian(u, x)[0], jacobian, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PoissonGamma(dim=0), "dim of poisson_gamma above 0; got 0"),
        (lambda: Socks(dryers=0), "dryers of socks above 0; got 0"),
        (lambda: DirichletLaplace(size=0), "size of dirichlet_laplace above 0; got 0"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()
