"""Every registered reference against the closed form, its calls counted from outside, and verdicts that can fail."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from inversion.cli.invert import invert_panel
from inversion.inverted import Inverted
from inversion.references import REFERENCES
from inversion.registry import build
from inversion.samplers.convergence import judge, lag_one
from inversion.tasks.gaussian_linear import GaussianLinear
from inversion.tasks.stochastic_volatility import StochasticVolatility
from inversion.tasks.two_moons import TwoMoons
from inversion.tasks.two_moons_line import TwoMoonsLine
from inversion.tasks.witch_hat import WitchHat

SETTINGS = {
    "rejection_box": {"half_width": 0.06},
    "nuts": {"chains": 4, "warmup": 300},
    "smc": {"moves": 30},
}
TASK = GaussianLinear(dim=1, prior_scale=1.0, noise_scale=0.5)
Y = jnp.array([0.7])
NUM = 4000


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def make(kind, **more):
    return build(REFERENCES, {"kind": kind, **SETTINGS.get(kind, {}), **more})


def invert(reference, task=TASK, y=Y, num=NUM, seed=0) -> Inverted:
    return jax.jit(lambda key: reference.invert(key, task, y, num))(jax.random.key(seed))


@pytest.mark.parametrize("kind", REFERENCES)
def test_draws_are_those_of_the_closed_form(kind):
    inverted = invert(make(kind))
    theta = np.asarray(inverted.theta)
    assert theta.shape == (NUM, 1)
    if inverted.chains is not None:
        theta = theta[::10]  # near enough to independent for the test
    exact = TASK.posterior(Y)
    p = stats.kstest(theta[:, 0], stats.norm(exact.mean[0], exact.variance[0] ** 0.5).cdf).pvalue
    if kind == "rejection_box":
        assert p < 1e-6, "the box leaves the noise out and must be seen to be wrong"
    else:
        assert p > 1e-3


def test_the_box_is_as_narrow_as_the_original_found():
    theta = invert(make("rejection_box"), TwoMoonsLine(), jnp.zeros(1)).theta
    assert theta.sum(1).std() == pytest.approx(0.0346, abs=0.001)
    assert jnp.abs(theta.sum(1)).max() < 0.06


def test_a_kernel_of_the_noises_width_is_exact_and_another_is_not():
    """The kernel adds its variance where the noise's own would be."""
    for width in (1.0, 2.0):
        theta = np.asarray(invert(make("rejection_kernel", width=width)).theta)
        noise = (width * TASK.noise_scale) ** 2
        expected = np.sqrt(noise / (1 + noise))
        assert theta.std() == pytest.approx(expected, rel=0.04)


def test_rejection_runs_out_of_proposals_and_says_so():
    reference = make("rejection", chunk=100, max_proposals=300)
    inverted = jax.tree.map(
        lambda leaf: np.asarray(leaf)[None], invert(reference, y=jnp.array([9.0]))
    )
    assert inverted.calls.likelihood[0] == 300
    verdict = reference.verdict(TASK, inverted)
    assert not verdict.accepted
    assert verdict.numbers["missing"] == np.isnan(inverted.theta).any(-1).sum() > 0


class Counted(GaussianLinear):
    """Counts its own evaluations, at run time and from inside."""

    counts = np.zeros(2, int)  # likelihoods, gradients

    def log_likelihood(self, theta, y):
        @jax.custom_vjp
        def counted(value):
            jax.debug.callback(lambda v: np.add.at(Counted.counts, 0, np.size(v)), value)
            return value

        def forward(value):
            return value, value

        def backward(value, cotangent):
            jax.debug.callback(lambda v: np.add.at(Counted.counts, 1, np.size(v)), value)
            return (cotangent,)

        counted.defvjp(forward, backward)
        return counted(super().log_likelihood(theta, y))


@pytest.mark.parametrize("kind", ["rejection", "nuts", "smc"])
def test_calls_are_those_that_the_task_saw(kind):
    Counted.counts[:] = 0
    task = Counted(dim=1, prior_scale=1.0, noise_scale=0.5)
    small = {
        "rejection": {"chunk": 50},
        "nuts": {"chains": 2, "warmup": 20},
        "smc": {"runs": 1, "particles": 40, "moves": 3},
    }
    inverted = invert(make(kind, **small[kind]), task, num=30)
    jax.effects_barrier()
    likelihoods, gradients = Counted.counts
    assert float(inverted.calls.likelihood) == (0 if kind == "nuts" else likelihoods)
    if kind == "nuts":
        # Under vmap the slower chain's steps are run for both; the ledger counts what each one needed.
        assert 0.4 * gradients <= float(inverted.calls.gradient) <= gradients


@pytest.mark.parametrize(
    ("kind", "task", "needs"),
    [
        ("nuts", TwoMoons(), "SmoothTask"),
        ("rejection_box", TwoMoons(), "LinearTask"),
        ("rejection", StochasticVolatility(), "BoundedTask"),
        ("exact", StochasticVolatility(), "ExactTask"),
    ],
)
def test_what_does_not_apply_is_refused(kind, task, needs):
    with pytest.raises(ValueError, match=f"Expected a {needs} for method '{kind}'; got task"):
        invert_panel(None, {"method": kind, "task": "mine"}, "reference", task, make(kind), None)


def test_nuts_says_where_it_misses_a_mode():
    reference = make("nuts", chains=8)
    inverted = jax.tree.map(
        lambda leaf: np.asarray(leaf)[None],
        invert(reference, TwoMoonsLine(), jnp.zeros(1), num=1600),
    )
    verdict = reference.verdict(TwoMoonsLine(), inverted)
    assert not verdict.accepted
    assert "R-hat" in verdict.reasons[0]


def test_no_verdict_sees_a_peak_that_no_chain_has_found():
    """The witch's hat: chains that all stay on the brim agree, and only the closed form tells that they are wrong."""
    task, y = WitchHat(), jnp.array([0.7, 0.3, 0.2, 0.5, 0.4])
    inverted = jax.tree.map(
        lambda leaf: np.asarray(leaf)[None],
        invert(make("nuts", chains=8, warmup=50), task, y, num=2400),
    )
    numbers = make("nuts").verdict(task, inverted).numbers
    assert max(numbers["rhat"]) < 1.01
    assert min(numbers["ess_bulk"]) > 400
    exact = task.posterior(y).sample(jax.random.key(1), (NUM,))
    assert inverted.theta[0].std(0).min() > 0.2
    assert exact.std(0).max() < 0.07


def smc_on_moons(**settings):
    task = TwoMoonsLine()
    reference = make("smc", **settings)
    inverted = jax.tree.map(
        lambda leaf: np.asarray(leaf)[None], invert(reference, task, jnp.zeros(1))
    )
    return inverted, reference.verdict(task, inverted)


def test_smc_holds_every_mode():
    inverted, verdict = smc_on_moons(moves=100)
    assert verdict.accepted, verdict.reasons
    task = TwoMoonsLine()
    exact = task.posterior(jnp.zeros(1)).sample(jax.random.key(1), (NUM,))
    segments = [
        np.bincount(np.asarray(jax.vmap(task.labels)(jnp.asarray(theta))["segment"]), minlength=4)
        for theta in (inverted.theta[0], exact)
    ]
    assert np.abs(segments[0] - segments[1]).max() < 0.03 * NUM


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"moves": 1}, "R-hat|ESS"),
        ({"moves": 20, "max_temperatures": 1, "share": 0.99}, "divergent"),
    ],
)
def test_smc_says_where_it_fell_short(settings, reason):
    _, verdict = smc_on_moons(**settings)
    assert not verdict.accepted
    assert re.search(reason, " ".join(verdict.reasons))


def test_settings_of_smc_are_checked():
    with pytest.raises(ValueError, match="Expected share of smc between 0 and 1"):
        make("smc", share=1.5)


def chains(seed=0, shape=(1, 8, 500, 2)):
    return np.random.default_rng(seed).normal(size=shape)


def test_independent_chains_are_accepted():
    x = chains()
    verdict = judge(x, np.zeros(x.shape[:3], bool), {"mode": (x[..., 0] > 0).astype(int)})
    assert verdict.accepted, verdict.reasons
    assert verdict.numbers["rhat"][0] < 1.01


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (lambda x: x + 2 * (np.arange(8) % 2)[None, :, None, None], "R-hat"),
        (lambda x: np.cumsum(x, axis=2) / 5, "ESS"),
    ],
)
def test_faulty_chains_are_not(fault, word):
    x = fault(chains())
    verdict = judge(x, np.zeros(x.shape[:3], bool), {})
    assert not verdict.accepted
    assert any(word in reason for reason in verdict.reasons)


def test_a_mode_never_left_is_seen_where_the_coordinates_look_mixed():
    x = chains()
    mode = np.broadcast_to((np.arange(8) % 2)[None, :, None], x.shape[:3])
    verdict = judge(x, np.zeros(x.shape[:3], bool), {"mode": mode})
    assert not verdict.accepted
    assert "mode[" in verdict.reasons[0]


def test_one_divergence_is_enough():
    x = chains()
    diverging = np.zeros(x.shape[:3], bool)
    diverging[0, 3, 17] = True
    assert judge(x, diverging, {}).reasons == ["observation 0: 1 divergent transitions"]


def test_lag_one():
    rng = np.random.default_rng(0)
    x = np.zeros((4, 5000))
    for step in range(1, 5000):
        x[:, step] = 0.8 * x[:, step - 1] + rng.normal(size=4)
    assert lag_one(x) == pytest.approx(0.8, abs=0.02)
