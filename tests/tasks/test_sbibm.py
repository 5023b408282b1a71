"""sbibm's tasks against its own files (version 1.1.0, MIT licence), independent solvers and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from inversion.tasks import lotka_volterra, make_task, sir
from inversion.tasks.bernoulli_glm import DESIGN, BernoulliGlm, statistics
from inversion.tasks.bernoulli_glm_raw import BernoulliGlmRaw
from inversion.tasks.common_mean import CommonMean
from inversion.tasks.gaussian_linear_uniform import GaussianLinearUniform
from inversion.tasks.lotka_volterra import LotkaVolterra
from inversion.tasks.sir import Sir
from inversion.tasks.slcp import Slcp
from inversion.tasks.slcp_distractors import DISTRACTORS, SlcpDistractors, informative

# Observation 1 of each task: the parameters that it was simulated from, and what came of them.
TRUE = {
    "gaussian_linear_uniform": [
        *(-0.95270705, -0.14817107, 0.9824493, 0.41320384, 0.99042416),
        *(-0.74023414, 0.7862458, 0.043799043, -0.6261761, -0.76511395),
    ],
    "gaussian_mixture": [-9.527071, -1.4817104],
    "slcp": [-2.8581212, -0.44451332, 2.9473476, 1.2396116, 2.9712725],
    "bernoulli_glm": [
        *(1.215716, 2.1386335, 3.6156292, 3.3703978, 0.3342961),
        *(-1.5749966, -2.4357948, -2.1009881, -1.1669482, 0.3189116),
    ],
    "sir": [0.61479264, 0.19172086],
    "lotka_volterra": [0.6859157, 0.10761319, 0.88789904, 0.116794825],
}
OBSERVED = {
    "gaussian_linear_uniform": [
        *(-0.53739023, -0.23864163, 0.81923723, 0.6407443, 0.41616207),
        *(-0.09746933, 1.1292295, -0.05842293, -0.97055256, -0.9423423),
    ],
    "gaussian_mixture": [-9.472713, -1.4950509],
    "slcp": [
        *(2.3718784, 0.49947417, 9.931435, 1.7136912),
        *(-10.436423, -1.9067793, -1.2343777, -0.09735),
    ],
    "bernoulli_glm": [
        *(56.0, 3.32306, 14.356438, 11.104893, -4.167525),
        *(-18.507809, -21.917496, -9.553517, -0.357257, -5.497825),
    ],
    "sir": [0, 1, 352, 40, 3, 0, 0, 0, 0, 0],
    "lotka_volterra": [
        *(31.783262, 1.1971166, 0.29703617, 0.71145046, 2.9415865),
        *(11.482614, 36.09036, 0.46229604, 0.38081983, 0.9173736),
        *(0.8910395, 27.039942, 4.356176, 0.78444487, 0.17100818),
        *(0.1325878, 8.727008, 16.97251, 2.7902339, 0.47567415),
    ],
}
FREE = {"slcp": 5}  # what the bound is free to fit, where it is not as many numbers as y has
SPIKES = (
    "11011111111000000111111100011101111000001111000011"
    "10001111001100011111001110000000111000111110000111"
)
NUM = 20_000


def draws(task, theta, seed=0):
    """Many y of one theta."""
    theta = jnp.asarray(theta)
    keys = jax.random.split(jax.random.key(seed), NUM)
    return np.asarray(jax.jit(jax.vmap(task.simulate, (0, None)))(keys, theta))


def assert_moments(sample, mean, covariance):
    """Both within 5 standard errors."""
    centred = sample - mean
    products = centred[:, :, None] * centred[:, None, :]
    for seen, expected in [(centred, 0 * np.asarray(mean)), (products, covariance)]:
        error = seen.std(0) / np.sqrt(len(seen)) + 1e-12
        assert (np.abs(seen.mean(0) - expected) / error).max() < 5


@pytest.mark.parametrize("name", TRUE)
def test_true_parameters_explain_their_observation(name):
    """Twice the log-likelihood's distance from its bound is about chi^2."""
    task, y = make_task({"kind": name}), jnp.asarray(OBSERVED[name], float)
    theta = jnp.asarray(TRUE[name])
    likelihood, bound = jax.jit(
        lambda: (task.log_likelihood(theta, y), task.log_likelihood_bound(y))
    )()
    low, high = stats.chi2(FREE.get(name, y.size)).ppf([1e-6, 1 - 1e-4])
    assert low < 2 * (bound - likelihood) < high


def test_gaussian_linear_uniform_cuts_the_noise_off():
    """Against quadrature, with y inside and outside of the box."""
    task = GaussianLinearUniform(dim=3, half_width=1.0, noise_scale=0.3)
    y, step = np.array([0.2, 0.95, -1.7]), 1e-3
    axis = np.arange(-1 + step / 2, 1, step)[:, None]
    density = np.exp(-0.5 * ((axis - y) / 0.3) ** 2)
    density = density / density.sum(0) / step

    @jax.jit
    def answers(y):
        posterior = task.posterior(y)
        density = posterior.base_dist.log_prob(jnp.asarray(axis))
        return jnp.exp(density), posterior.sample(jax.random.key(0), (NUM,))

    ours, theta = map(np.asarray, answers(y))
    np.testing.assert_allclose(ours, density, rtol=1e-4)
    for power in (1, 2):
        moment = (axis**power * density).sum(0) * step
        np.testing.assert_allclose((theta**power).mean(0), moment, atol=0.01)
    assert (np.abs(theta) <= 1).all()


@pytest.mark.parametrize("y", [(0.3, -0.2), (0.99, 0.5), (2.5, -1.0)])
def test_common_mean_against_quadrature(y):
    """A small box, so that both Gaussians are cut off."""
    task, step = CommonMean(dim=2, half_width=1.0), 0.005
    axis = np.arange(-1 + step / 2, 1, step)
    theta = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)

    @jax.jit
    def answers(y):
        posterior = task.posterior(y)
        likelihood = jax.vmap(task.log_likelihood, (0, None))(jnp.asarray(theta), y)
        log_prob = posterior.log_prob(jnp.asarray(theta))
        return likelihood, log_prob, posterior.sample(jax.random.key(0), (NUM,))

    likelihood, log_prob, sample = map(np.asarray, answers(jnp.array(y)))
    density = np.exp(likelihood) / np.exp(likelihood).sum() / step**2
    np.testing.assert_allclose(np.exp(log_prob), density, rtol=2e-3)
    for power in (1, 2):
        moment = density @ theta**power * step**2
        np.testing.assert_allclose((sample**power).mean(0), moment, atol=0.02)


def test_common_mean_has_one_scale_for_both_coordinates():
    y = draws(CommonMean(), [3.0, -9.0]) - np.array([3.0, -9.0])
    assert_moments(y, np.zeros(2), 0.505 * np.eye(2))
    assert_moments(
        y**2, np.full(2, 0.505), (1.5 + 1.5e-4 - 0.505**2) * np.eye(2) + 0.245025 * (1 - np.eye(2))
    )


def test_slcp_has_the_covariance_of_its_formula():
    theta = [0.7, -2.9, -1.1, 2.0, 0.8]
    s, t, r = 1.1**2, 2.0**2, np.tanh(0.8)
    block = np.array([[s**2, r * s * t], [r * s * t, t**2]]) + 1e-6 * np.eye(2)
    y = draws(Slcp(), theta)
    assert_moments(y, np.tile(theta[:2], 4), np.kron(np.eye(4), block))
    each = stats.multivariate_normal(theta[:2], block).logpdf(y[0].reshape(4, 2)).sum()
    likelihood = Slcp().log_likelihood(jnp.asarray(theta), jnp.asarray(y[0]))
    np.testing.assert_allclose(likelihood, each, rtol=1e-9)


def test_distractors_are_those_of_the_files(same_law):
    places = [22, 33, 23, 67, 42, 21, 16, 90]  # of slcp's numbers among those of observation 1
    assert (informative(jnp.arange(100)) == jnp.array(places)).all()
    loc, factor, order = DISTRACTORS
    np.testing.assert_allclose([loc[0, 0], loc[19, 91]], [7.45071229516849, -3.1217528590880956])
    np.testing.assert_allclose(
        [factor[0, 0, 0], factor[19, 91, 90], factor[19, 91, 91]],
        [3.423324718497607, 2.446532061161765, 2.196350891048934],
    )
    rng = np.random.default_rng(0)
    which = rng.integers(20, size=NUM)
    scaled = rng.normal(size=(NUM, 92)) / np.sqrt(rng.chisquare(2, (NUM, 1)) / 2)
    columns = np.array([0, 40, 91])
    theirs = loc[which][:, columns] + (factor[:, columns][which] @ scaled[:, :, None])[..., 0]
    noise = draws(SlcpDistractors(), np.ones(5))[:, np.argsort(order)[8:]]
    assert same_law(np.arcsinh(noise[:, columns]), np.arcsinh(theirs))


def test_spikes_and_their_sums_are_those_of_the_files():
    spikes = jnp.array([float(spike) for spike in SPIKES])
    y = jnp.array(OBSERVED["bernoulli_glm"])
    np.testing.assert_allclose(statistics(spikes), y, atol=1e-4)
    theta = jnp.array(TRUE["bernoulli_glm"])
    p = jax.nn.sigmoid(DESIGN @ theta)
    each = jnp.sum(jnp.log(jnp.where(spikes == 1, p, 1 - p)))
    np.testing.assert_allclose(BernoulliGlmRaw().log_likelihood(theta, spikes), each, rtol=1e-9)
    np.testing.assert_allclose(BernoulliGlm().log_likelihood(theta, y), each, rtol=1e-4)


def test_bernoulli_glm_has_the_moments_of_its_spikes():
    theta = np.array(TRUE["bernoulli_glm"]) / 4
    p = 1 / (1 + np.exp(-DESIGN @ theta))
    spread = np.diag(p * (1 - p))
    assert_moments(draws(BernoulliGlm(), theta), p @ DESIGN, DESIGN.T @ spread @ DESIGN)
    assert_moments(draws(BernoulliGlmRaw(), theta, seed=1)[:, :20], p[:20], spread[:20, :20])


def test_bernoulli_glm_prior_keeps_second_differences_small():
    offset, *weights = theta = np.random.default_rng(0).normal(size=10)
    rough = np.convolve(weights, [1, -2, 1])[:9] + np.sqrt(np.arange(9) / 9) * weights
    prior = BernoulliGlm().prior()
    difference = prior.log_prob(jnp.zeros(10)) - prior.log_prob(jnp.asarray(theta))
    np.testing.assert_allclose(2 * difference, 0.5 * offset**2 + rough @ rough, rtol=1e-9)


def test_bernoulli_glm_bound_is_the_highest_likelihood():
    """As another optimiser finds it; without a spike there is none, and the bound is 0."""
    y = np.array(OBSERVED["bernoulli_glm"])
    lowest = minimize(
        lambda theta: np.logaddexp(0, DESIGN @ theta).sum() - theta @ y,
        np.array(TRUE["bernoulli_glm"]),
        jac=lambda theta: DESIGN.T @ (1 / (1 + np.exp(-DESIGN @ theta))) - y,
        options={"gtol": 1e-6},
    )
    bound = jax.jit(BernoulliGlm().log_likelihood_bound)
    np.testing.assert_allclose(bound(y), -lowest.fun, rtol=1e-8)
    assert -1e-2 < bound(np.zeros(10)) <= 0


def sir_field(t, state, beta, gamma):
    s, i, _ = state
    return [-beta * s * i / 1e6, beta * s * i / 1e6 - gamma * i, gamma * i]


def lotka_volterra_field(t, state, alpha, beta, gamma, delta):
    x, z = state
    return [alpha * x - beta * x * z, -gamma * z + delta * x * z]


def solved(field, start, times, theta):
    return solve_ivp(
        field,
        (0, times[-1]),
        start,
        "DOP853",
        times,
        args=tuple(np.asarray(theta)),
        rtol=1e-9,
        atol=1e-12,
    ).y


@pytest.mark.parametrize("name", ["sir", "lotka_volterra"])
def test_states_are_those_of_another_solver(name):
    """As are their derivatives by theta, whichever way JAX differentiates."""
    if name == "sir":
        task, ours = Sir(), sir.log_infected

        def theirs(theta):
            times = np.arange(0, 161)[::17].astype(float)
            return np.log(solved(sir_field, [1e6 - 1, 1, 0], times, theta)[1] / 1e6)

    else:
        task, ours = LotkaVolterra(), lotka_volterra.log_populations

        def theirs(theta):
            times = np.linspace(0, 20, 201)[::21]
            return np.log(solved(lotka_volterra_field, [30, 1], times, theta)).reshape(-1)

    theta = jnp.vstack([jnp.array(TRUE[name]), task.prior().sample(jax.random.key(0), (4,))])
    jacobian, states = jax.jit(jax.vmap(jax.jacrev(lambda x: (ours(x),) * 2, has_aux=True)))(theta)
    np.testing.assert_allclose(states, [theirs(x) for x in theta], atol=1e-4)
    step = 1e-4 * np.asarray(theta[0])
    for column, h in enumerate(step):
        shift = h * np.eye(len(step))[column]
        slope = (theirs(theta[0] + shift) - theirs(theta[0] - shift)) / (2 * h)
        np.testing.assert_allclose(jacobian[0][:, column], slope, rtol=1e-3, atol=1e-3)


def test_sir_counts_are_binomial():
    theta = TRUE["sir"]
    share = np.exp(np.asarray(jax.jit(sir.log_infected)(jnp.array(theta))))
    y = draws(Sir(), theta)[:, :6]
    assert_moments(y, 1000 * share[:6], np.diag(1000 * share * (1 - share))[:6, :6])
    expected = stats.binom(1000, share).logpmf(OBSERVED["sir"]).sum()
    likelihood = jax.jit(Sir().log_likelihood)(jnp.array(theta), jnp.array(OBSERVED["sir"], float))
    np.testing.assert_allclose(likelihood, expected, rtol=1e-9)


def test_lotka_volterra_noise_is_lognormal():
    theta, y = TRUE["lotka_volterra"], OBSERVED["lotka_volterra"]
    mean = np.asarray(jax.jit(lotka_volterra.log_populations)(jnp.array(theta)))
    assert_moments(np.log(draws(LotkaVolterra(), theta)), mean, 0.01 * np.eye(20))
    expected = stats.lognorm(0.1, scale=np.exp(mean)).logpdf(y).sum()
    likelihood = jax.jit(LotkaVolterra().log_likelihood)(jnp.array(theta), jnp.array(y))
    np.testing.assert_allclose(likelihood, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianLinearUniform(half_width=0.0), "gaussian_linear_uniform above 0; got 10"),
        (lambda: CommonMean(dim=0), "dim and half_width of gaussian_mixture above 0; got 0"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()
