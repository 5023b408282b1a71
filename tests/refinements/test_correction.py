"""Corrections of an amortised posterior that is wrong in a known way, against the closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array
from scipy import stats

from inversion.cli.refine import start_for, warmed
from inversion.posterior import AbstractDensity, AbstractTransport
from inversion.refinements.importance import Importance
from inversion.refinements.splitting import HalfQuadraticSplitting
from inversion.refinements.tempered import Tempered
from inversion.tasks.gaussian_linear import GaussianLinear
from inversion.tasks.two_moons import TwoMoons

TASK = GaussianLinear(dim=2, prior_scale=1.0, noise_scale=0.5)
Y = jnp.array([0.7, -0.3])
NUM = 4000
METHODS = {
    "importance": Importance(proposals=40_000),
    "tempered": Tempered(proposals=20_000, moves=40),
}


class Off(AbstractDensity):
    """The exact posterior, moved by `shift` and widened by `spread` of its standard deviations."""

    shift: Array
    spread: Array

    def _of(self, y):
        exact = TASK.posterior(y)
        return exact.mean + self.shift * exact.variance**0.5, self.spread * exact.variance**0.5

    def sample(self, key, y, num):
        loc, scale = self._of(y)
        return loc + scale * jax.random.normal(key, (num, loc.size))

    def log_prob(self, theta, y):
        loc, scale = self._of(y)
        return jnp.sum(jax.scipy.stats.norm.logpdf(theta, loc, scale))


def off(shift=0.0, spread=1.0) -> Off:
    return Off(jnp.asarray(shift), jnp.asarray(spread))


def exact_posterior():
    """Mean and standard deviation of each coordinate at Y."""
    exact = TASK.posterior(Y)
    return np.asarray(exact.mean), np.asarray(exact.variance) ** 0.5


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def corrected(method, start, task=TASK, y=Y, num=NUM, seed=0):
    """One observation's inversion, stacked as the command stacks several, and the verdict on it."""
    inverted = jax.jit(lambda key: method.invert(key, task, start, y, num))(jax.random.key(seed))
    stacked = jax.tree.map(lambda leaf: np.asarray(leaf)[None], inverted)
    return stacked, method.verdict(task, stacked)


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize(
    "start", [off(), off(1.0), off(spread=1.5)], ids=["exact", "shifted", "wide"]
)
def test_draws_are_those_of_the_closed_form(kind, start):
    inverted, verdict = corrected(METHODS[kind], start)
    assert verdict.accepted, verdict.reasons
    for theta, loc, scale in zip(inverted.theta[0].T, *exact_posterior(), strict=True):
        assert stats.kstest(theta, stats.norm(loc, scale).cdf).pvalue > 1e-3


def test_weights_say_what_is_known_of_them():
    """The evidence is N(y; 0, prior + noise), and weights of the exact posterior, undefended, are all the same."""
    log_evidence = stats.norm(0, (1 + 0.25) ** 0.5).logpdf(np.asarray(Y)).sum()
    _, verdict = corrected(Importance(proposals=20_000), off(0.5, 1.2))
    assert verdict.numbers["log_evidence"][0] == pytest.approx(log_evidence, abs=0.02)
    _, verdict = corrected(Importance(proposals=20_000, defensive=0.0), off())
    assert verdict.numbers["ess"][0] == pytest.approx(20_000, rel=1e-6)
    assert verdict.numbers["log_evidence"][0] == pytest.approx(log_evidence, abs=1e-6)


def test_khat_says_where_the_proposals_have_missed_the_posterior():
    method = Importance(proposals=20_000, defensive=0.0)
    _, verdict = corrected(method, off(spread=0.3))
    assert not verdict.accepted
    assert "k-hat" in verdict.reasons[0]


def test_a_share_of_the_prior_bounds_the_weights():
    _, alone = corrected(Importance(proposals=20_000, defensive=0.0), off(spread=0.3))
    inverted, defended = corrected(Importance(proposals=20_000, defensive=0.3), off(spread=0.3))
    assert defended.numbers["khat"][0] < 0.5 < alone.numbers["khat"][0]
    _, scale = exact_posterior()
    np.testing.assert_allclose(inverted.theta[0].std(0), scale, rtol=0.08)


def test_moves_take_over_where_weights_do_not_carry():
    """Three standard deviations off and too narrow: several temperatures, and accepted all the same."""
    start = off(3.0, 0.5)
    _, weighted = corrected(Importance(proposals=4000, defensive=0.0), start)
    assert not weighted.accepted
    method = Tempered(proposals=4000, particles=1000, defensive=0.05, moves=60)
    inverted, verdict = corrected(method, start)
    assert verdict.accepted, verdict.reasons
    loc, scale = exact_posterior()
    np.testing.assert_allclose(inverted.theta[0].mean(0), loc, atol=0.05)
    np.testing.assert_allclose(inverted.theta[0].std(0), scale, rtol=0.08)


class OneMoon(AbstractDensity):
    """Exact on the upper crescent of two moons, and blind to the lower one."""

    def sample(self, key, y, num):
        theta = TwoMoons().posterior(y).sample(key, (num,))
        up = (theta.sum(-1) > 0)[:, None]
        return jnp.where(up, theta, -theta[:, ::-1])

    def log_prob(self, theta, y):
        log_prob = TwoMoons().posterior(y).log_prob(theta)
        return jnp.where(theta.sum() > 0, log_prob + jnp.log(2.0), -jnp.inf)


def test_weights_say_that_a_mode_was_found_by_the_prior_alone():
    _, verdict = corrected(METHODS["importance"], OneMoon(), TwoMoons(), jnp.zeros(2))
    assert not verdict.accepted
    assert verdict.numbers["khat"][0] > 0.7


def test_a_missing_mode_comes_back_by_the_share_of_the_prior():
    """Some sixty of a run's 20,000 draws of the prior lie on the crescent that the proposals miss."""
    method = Tempered(proposals=160_000, defensive=0.5, moves=20)
    inverted, verdict = corrected(method, OneMoon(), TwoMoons(), jnp.zeros(2))
    assert float((inverted.theta[0].sum(-1) > 0).mean()) == pytest.approx(0.5, abs=0.1)
    assert verdict.numbers["khat"][0] > 0.7


class Counted(GaussianLinear):
    """Counts its likelihoods at run time and from inside."""

    seen = np.zeros(1, int)

    def log_likelihood(self, theta, y):
        value = super().log_likelihood(theta, y)
        jax.debug.callback(lambda v: np.add.at(Counted.seen, 0, np.size(v)), value)
        return value


@pytest.mark.parametrize(
    "method",
    [
        Importance(proposals=70),
        Tempered(runs=2, proposals=80, particles=20, bridge=2, moves=3, share=0.9),
    ],
)
def test_calls_are_those_that_the_task_saw(method):
    Counted.seen[:] = 0
    task = Counted(dim=2, prior_scale=1.0, noise_scale=0.5)
    inverted, _ = corrected(method, off(2.0), task, num=30)
    jax.effects_barrier()
    assert float(inverted.calls.likelihood[0]) == Counted.seen[0]


def test_copies_of_a_proposal_do_not_stand_together():
    """The first draws are as good as any others: a comparison may take fewer than were made."""
    inverted, _ = corrected(Importance(proposals=NUM, defensive=0.0), off(1.0))
    theta = inverted.theta[0][:, 0]
    assert len(np.unique(theta)) < 0.9 * NUM
    neighbours = np.corrcoef(theta[1:], theta[:-1])[0, 1]
    assert abs(neighbours) < 4 / NUM**0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Importance(defensive=1.0), "Expected defensive of importance"),
        (lambda: Importance(proposals=1), "proposals above 1"),
        (lambda: Tempered(share=0.0), "share between 0 and 1"),
        (lambda: Tempered(moves=0), "above 0"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_a_refinement_does_not_start_from_is_refused():
    method = HalfQuadraticSplitting(iterations=3, mu=(2.0, 20.0))
    assert method.starts_from is AbstractTransport
    with pytest.raises(
        ValueError, match=r"Expected an AbstractTransport in m\.eqx for method 'hqs'"
    ):
        start_for(method, off(), "m.eqx", "hqs")
    assert start_for(Importance(), off(), "m.eqx", "flow+is").spread.dtype == float


def test_a_warm_start_needs_a_prior_and_a_posterior():
    with pytest.raises(
        ValueError,
        match=r"Expected an AbstractTransport for method 'flow\+mala', which starts from",
    ):
        warmed(off(), off(), "m.eqx", "flow+mala")
