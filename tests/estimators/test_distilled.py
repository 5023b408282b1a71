"""Priors as denoisers, the diffusion bound, gated flows, and posteriors distilled from a prior without pairs."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.cli.distil import with_prior
from inversion.cost import Cost, Entry
from inversion.estimators.around import Around
from inversion.estimators.denoising_bound import log_density_bound
from inversion.estimators.distilled import Distilling, Target, smoothed
from inversion.estimators.fit import Training, fit
from inversion.estimators.gated import components
from inversion.estimators.known_prior import known_prior
from inversion.estimators.standardisation import Standardisation
from inversion.estimators.trained import load_model, make_estimator, save_model, trained
from inversion.estimators.unrolled import Unrolling
from inversion.records import Simulations
from inversion.tasks import make_task

MOONS = make_task({"kind": "two_moons_line"})
GAUSSIAN_ENTRY = {"kind": "gaussian_linear", "dim": 3, "prior_scale": 1.5, "noise_scale": 0.8}
GAUSSIAN = make_task(GAUSSIAN_ENTRY)
FLOW = {"kind": "flow", "layers": 3, "knots": 5, "width": 16, "depth": 1}
AFFINE = {"kind": "flow", "layers": 4, "transform": "affine", "width": 16, "depth": 1}
GATED = {"kind": "gated", "members": 3, "width": 16, "flow": FLOW}


def shares_and_noise(num, levels, dim):
    key_shares, key_noise = jax.random.split(jax.random.key(1))
    shares = (jax.random.uniform(key_shares, (num, 1)) + jnp.arange(levels) / levels) % 1.0
    return shares, jax.random.normal(key_noise, (num, levels, dim))


@pytest.mark.parametrize("kind", ["two_moons_line", "eight_gaussians", "gaussian_linear"])
def test_the_known_prior_is_the_task_s(kind):
    task = make_task({"kind": kind})
    prior = known_prior(task)
    theta = task.prior().sample(jax.random.key(0), (200,))
    log_prob = jax.vmap(lambda t: prior.log_prob(t, t))(theta)
    np.testing.assert_allclose(log_prob, task.prior().log_prob(theta), atol=2e-4)
    draws = prior.sample(jax.random.key(1), jnp.zeros(1), 20_000)
    np.testing.assert_allclose(draws.std(0), task.prior().variance ** 0.5 if kind == "gaussian_linear"
                               else task.prior().sample(jax.random.key(2), (20_000,)).std(0), rtol=0.03)  # fmt: skip


def test_the_known_denoiser_is_the_score_s():
    """Tweedie: D(z, s) = z + s^2 grad log p_s(z), by Monte Carlo of the posterior mean."""
    prior, sigma = known_prior(MOONS), jnp.asarray(0.4)
    theta = MOONS.prior().sample(jax.random.key(0), (400_000,))
    z = jnp.array([0.3, -0.2])
    weights = jax.nn.softmax(-0.5 * jnp.sum((z - theta) ** 2, 1) / sigma**2)
    np.testing.assert_allclose(prior.denoised(z, sigma), weights @ theta, atol=0.01)


@pytest.mark.parametrize("kind", ["two_moons_line", "eight_gaussians", "gaussian_linear"])
def test_the_bound_is_an_identity_of_exact_denoisers(kind):
    task = make_task({"kind": kind})
    theta = task.prior().sample(jax.random.key(0), (2000,))
    bound = jax.jit(jax.vmap(lambda t, s, e: log_density_bound(known_prior(task), t, s, e)))
    gap = bound(theta, *shares_and_noise(2000, 32, task.dim)) - task.prior().log_prob(theta)
    assert abs(gap.mean()) < 4 * gap.std() / len(gap) ** 0.5 + 0.01


def test_the_bound_lies_below_where_the_denoiser_is_wrong():
    class Shrunk(eqx.Module):
        prior: object

        def __getattr__(self, name):
            return getattr(self.prior, name)

        def denoised(self, z, sigma):
            return 0.9 * self.prior.denoised(z, sigma)

    theta = GAUSSIAN.prior().sample(jax.random.key(0), (500,))
    wrong = Shrunk(known_prior(GAUSSIAN))
    each = jax.vmap(lambda t, s, e: log_density_bound(wrong, t, s, e))
    assert (
        each(theta, *shares_and_noise(500, 32, 3)) - GAUSSIAN.prior().log_prob(theta)
    ).mean() < -0.1


def test_a_prior_without_a_closed_form_is_refused():
    with pytest.raises(ValueError, match="Expected a task whose prior is Gaussian"):
        known_prior(make_task({"kind": "slcp"}))


def test_the_components_of_a_gated_flow_make_up_its_density():
    flow = make_estimator(
        jax.random.key(0), MOONS, "gated", {n: v for n, v in GATED.items() if n != "kind"}
    )
    y = jnp.array([[0.3], [-1.0]])
    found = components(flow, jax.random.key(1), y)
    np.testing.assert_allclose(found.weights.sum(0), 1.0, atol=1e-6)
    each = jax.vmap(jax.vmap(flow.log_prob), (0, None))(found.theta, y)
    np.testing.assert_allclose(found.log_prob, each, atol=2e-4)


def distilled(task, network, target, training, prior=None, num=4000):
    prior = known_prior(task) if prior is None else prior
    keys = jax.random.split(jax.random.key(3), num)
    theta = task.prior().sample(jax.random.key(2), (num,))
    y = np.asarray(jax.vmap(task.simulate)(keys, theta))
    simulations = Simulations(np.asarray(prior.sample(jax.random.key(4), y[0], num)), y)
    start = make_estimator(jax.random.key(0), task, "distilled", network)
    maps = Standardisation.of(task, simulations)
    training = Training(learning_rate=5e-3, average=0.98, batch=128, **training)
    found = fit(
        jax.random.key(1), Distilling(start, prior, task, maps, Target(**target)), task, simulations,
        training, entry=Entry(Cost("", "", 0, 0, "")),
    )  # fmt: skip
    return trained(found.model.estimator.distilled, maps), found


@pytest.mark.parametrize(
    "target",
    [{"density": "exact"}, {"levels": 4, "anneal": 0.5}, {"density": "score", "antithetic": True}],
)
def test_the_posterior_of_a_gaussian_is_found_without_pairs(target):
    model, found = distilled(GAUSSIAN, {"flow": AFFINE}, target, {"epochs": 20})
    assert found.stopped == "finished"
    y = jnp.array([1.0, -2.0, 0.5])
    exact = GAUSSIAN.posterior(y)
    draws = model.sample(jax.random.key(2), y, 20_000)
    std = jnp.sqrt(exact.variance)
    np.testing.assert_allclose((draws.mean(0) - exact.mean) / std, 0.0, atol=0.15)
    np.testing.assert_allclose(draws.std(0) / std, 1.0, atol=0.15)
    # The loss is -log p(y) where all is exact.
    log_evidence = -0.5 * 3 * (np.log(2 * np.pi * (1.5**2 + 0.8**2)) + 1)
    assert found.validation.min() == pytest.approx(-log_evidence, abs=0.15)


def test_the_smoothed_prior_has_the_score_s_gradient():
    """Of N(0, v) under noise s that is -theta / (v + s^2); opposite noises leave nothing else."""
    theta, sigma = jnp.array([0.5, -1.0, 2.0]), jnp.asarray(0.4)
    noise = jax.random.normal(jax.random.key(0), (3, 3))
    noise = jnp.concatenate([noise, -noise])
    value, slope = jax.value_and_grad(lambda t: smoothed(known_prior(GAUSSIAN), t, sigma, noise))(
        theta
    )
    assert value == 0.0
    np.testing.assert_allclose(slope, -theta / (1.5**2 + 0.4**2), rtol=1e-4)


def test_the_noise_of_the_score_falls():
    target = Target(density="score", most=0.8, least=0.05)
    found = [float(target.noise(jnp.asarray(p))) for p in (0.0, 0.35, 0.7, 1.0)]
    np.testing.assert_allclose(found, [0.8, 0.2, 0.05, 0.05], rtol=1e-4)
    assert Target().noise(jnp.asarray(0.5)) is None


PRIOR = {"kind": "diffusion_prior", "width": 16, "depth": 1}


def pairs_of(task, num):
    theta = task.prior().sample(jax.random.key(5), (num,))
    return theta, jax.vmap(task.simulate)(jax.random.split(jax.random.key(6), num), theta)


GUESS = {"passes": 3, "prior": PRIOR, "task": GAUSSIAN_ENTRY}


def untrained(around, key=0):
    """A sampler of the Gaussian task around `around`, before any training."""
    network = {"flow": AFFINE} if around is None else {"flow": AFFINE, "around": around}
    return make_estimator(jax.random.key(key), GAUSSIAN, "distilled", network)


def begun(start, theta, y, prior=None):
    guess = start.around.guess
    if guess is not None:
        maps = Standardisation.identity(GAUSSIAN)
        guess = guess.begun(known_prior(GAUSSIAN) if prior is None else prior, maps, theta, y)
    return eqx.tree_at(lambda model: model.around, start, Around.of(guess, theta, y))


def test_around_a_regression_a_sampler_starts_from_a_gaussian_s_posterior():
    """Where prior and noise are Gaussian, that is the posterior."""
    theta, y = pairs_of(GAUSSIAN, 50_000)
    start = begun(untrained("regression"), theta, y)
    exact = GAUSSIAN.posterior(y[0])
    draws = start.around.coloured(jax.random.normal(jax.random.key(3), (50_000, 3)), y[0])
    np.testing.assert_allclose(draws.mean(0), exact.mean, atol=0.02)
    np.testing.assert_allclose(draws.std(0), jnp.sqrt(exact.variance), rtol=0.02)


def test_a_trained_guess_is_the_posterior_mean():
    """From a prior that is off by its own width: before the training it is not. The y given are of other theta."""
    theta, y = pairs_of(GAUSSIAN, 20_000)
    simulations = Simulations(np.asarray(theta), np.asarray(y)[::-1])
    maps = Standardisation.of(GAUSSIAN, simulations)
    seen = jax.vmap(maps.theta_in)(theta), jax.vmap(maps.y_in)(y)
    off = eqx.tree_at(lambda prior: prior.means, known_prior(GAUSSIAN), jnp.full((1, 3), 1.5))
    start = untrained(GUESS).around.guess.begun(off, maps, *seen)
    exact = jax.vmap(lambda y: maps.theta_in(GAUSSIAN.posterior(y).mean))(y[:200])
    sd = GAUSSIAN.posterior(y[0]).variance[0] ** 0.5 / maps.theta_std[0]

    def error(guess):
        return jnp.sqrt(jnp.mean((jax.vmap(guess)(seen[1][:200]) - exact) ** 2)) / sd

    result = fit(
        jax.random.key(8), Unrolling(start), GAUSSIAN, simulations,
        Training(epochs=30, learning_rate=2e-2, average=0.99), entry=Entry(Cost("", "", 0, 0, "")),
    )  # fmt: skip
    found = result.model.estimator.unrolled
    assert error(start) > 0.3
    assert error(found) < 0.1
    draws = jax.random.normal(jax.random.key(3), (50_000, 3))
    draws = Around.of(found, *seen).coloured(draws, seen[1][0])
    np.testing.assert_allclose(draws.std(0), sd, rtol=0.03)


class Nothing(eqx.Module):
    """A prior that takes no noise out."""

    def denoised(self, z, sigma):
        return z


@pytest.mark.parametrize("kind", ["digits_inpaint", "digits_deblur", "digits_superresolve"])
def test_the_steps_of_a_guess_go_to_the_data(kind):
    """Without a prior they are gradient descent, and what is measured is met; a mask is that of y."""
    entry = {"kind": kind, "noise_scale": 0.05}
    task = make_task(entry)
    theta = jnp.asarray(task.held_out("validation").examples()[0], jnp.float32)
    y = task.simulate(jax.random.key(0), theta)
    guess = {"passes": 200, "prior": PRIOR, "task": entry}
    start = make_estimator(jax.random.key(0), task, "distilled", {"flow": AFFINE, "around": guess})
    guess = start.around.guess
    new = (Nothing(), jnp.ones(199))
    guess = eqx.tree_at(lambda own: (own.prior, own.steps), guess, new)
    misfit = lambda guess: float(jnp.abs(task.given(y).operator(guess(y)) - y)[..., 0].max())  # noqa: E731
    assert misfit(guess) < 0.1
    still = eqx.tree_at(lambda own: own.steps, guess, jnp.zeros(199))
    assert misfit(still) > 0.5


def test_a_guess_stays_as_it_is_while_the_sampler_is_trained():
    theta, y = pairs_of(GAUSSIAN, 500)
    start = begun(untrained(GUESS), theta, y)
    slope = eqx.filter_grad(lambda model: model.sample(jax.random.key(0), y[0], 4).sum())(start)
    of_guess = jax.tree.leaves(eqx.filter(slope.around.guess, eqx.is_inexact_array))
    assert all((np.asarray(leaf) == 0).all() for leaf in of_guess)
    of_flow = jax.tree.leaves(eqx.filter(slope.flow, eqx.is_inexact_array))
    assert any((np.asarray(leaf) != 0).any() for leaf in of_flow)


@pytest.mark.parametrize("around", [None, "regression", GUESS])
def test_draws_around_something_have_the_density_of_themselves(around):
    start, (theta, y) = untrained(around), pairs_of(GAUSSIAN, 500)
    if around is not None:
        start = begun(start, theta, y)
    found = start.components(jax.random.key(4), y)
    each = jax.vmap(start.log_prob)(found.theta[0], y)
    np.testing.assert_allclose(found.log_prob[0], each, atol=1e-3)


SLCP = {**GUESS, "task": {"kind": "slcp"}}


@pytest.mark.parametrize(
    ("around", "message"),
    [
        ("mean", "Expected around: regression, or the settings of a guess; got 'mean'"),
        (True, "Expected around: regression, or the settings of a guess; got True"),
        ({**GUESS, "passes": 0}, "Expected at least 1 of the passes of a guess; got 0"),
        (SLCP, "Expected a linear task for a guess of 3 passes; got Slcp"),
        (
            {**GUESS, "prior": AFFINE},
            "Expected a prior that takes noise out for a guess; got 'flow'",
        ),
    ],
)
def test_what_draws_lie_around_is_checked(around, message):
    with pytest.raises(ValueError, match=message):
        untrained(around)


def test_the_trained_prior_s_entry_stands_in_the_model(tmp_path):
    entry = {"kind": "distilled", "network": {"around": {"passes": 2}, "flow": AFFINE}}
    with pytest.raises(ValueError, match="Expected a learned prior for a guess to lie around"):
        with_prior(entry, GAUSSIAN_ENTRY, [])
    network = {name: value for name, value in PRIOR.items() if name != "kind"}
    prior = make_estimator(jax.random.key(0), GAUSSIAN, PRIOR["kind"], network)
    theta, y = pairs_of(GAUSSIAN, 100)
    maps = Standardisation.of(GAUSSIAN, Simulations(np.asarray(theta), np.asarray(y)))
    header = {"task": GAUSSIAN_ENTRY, "kind": PRIOR["kind"], "network": network}
    save_model(tmp_path / "prior.eqx", trained(prior, maps), header)
    found = with_prior(entry, GAUSSIAN_ENTRY, [tmp_path / "prior.eqx"])
    around = {"passes": 2, "prior": PRIOR, "task": GAUSSIAN_ENTRY}
    assert found["network"] == {"around": around, "flow": AFFINE}
    start = begun(untrained(around, 1), theta, y, load_model(tmp_path / "prior.eqx"))
    save_model(tmp_path / "m.eqx", trained(start, maps), {**found, "task": GAUSSIAN_ENTRY})
    draws = (jax.random.key(2), y[0], 10)
    np.testing.assert_allclose(
        load_model(tmp_path / "m.eqx").sample(*draws),
        trained(start, maps).sample(*draws),
        rtol=1e-6,
    )


def test_the_prior_is_no_parameter():
    """Neither the optimiser nor the model's file sees it."""
    prior = make_estimator(
        jax.random.key(0), GAUSSIAN, "diffusion_prior", {"width": 16, "depth": 1}
    )
    draws = GAUSSIAN.prior().sample(jax.random.key(1), (100,))
    simulations = Simulations(np.asarray(draws), np.asarray(draws))
    prior = trained(prior, Standardisation.of(GAUSSIAN, simulations))
    start = make_estimator(jax.random.key(0), GAUSSIAN, "distilled", {"flow": AFFINE})
    distilling = Distilling(start, prior, GAUSSIAN, prior.standardisation, Target())
    leaves = lambda tree: len(jax.tree.leaves(eqx.filter(tree, eqx.is_inexact_array)))  # noqa: E731
    assert leaves(distilling) == leaves(start)


def test_a_learned_prior_is_a_denoiser_in_the_task_s_units():
    task = make_task({"kind": "gaussian_linear", "dim": 2, "prior_scale": 3.0, "noise_scale": 1.0})
    theta = np.asarray(task.prior().sample(jax.random.key(0), (4000,)))
    simulations = Simulations(theta, theta)
    start = make_estimator(jax.random.key(1), task, "diffusion_prior", {"width": 32, "depth": 2})
    training = Training(epochs=20, learning_rate=3e-3, average=0.98)
    model = fit(
        jax.random.key(2), start, task, simulations, training, entry=Entry(Cost("", "", 0, 0, ""))
    ).model
    z = jnp.array([2.0, -4.0])
    for sigma in (0.5, 2.0, 10.0):
        expected = known_prior(task).denoised(z, jnp.asarray(sigma))
        np.testing.assert_allclose(model.denoised(z, jnp.asarray(sigma)), expected, atol=0.35)
    assert model.levels[1] == pytest.approx(80 * 3.0, rel=0.1)
    np.testing.assert_allclose(jnp.prod(model.scale), 1.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"levels": 0}, "Expected at least 1 of levels and starts"),
        ({"anneal": 1.5}, r"Expected anneal in \[0, 1\]"),
        ({"annealed": "none"}, "Expected annealed among all, data"),
        ({"density": "ode"}, "Expected density among bound, score, exact"),
        ({"least": 0.0}, "Expected 0 < least <= most"),
        ({"least": 0.2, "most": 0.1}, "Expected 0 < least <= most"),
    ],
)
def test_a_target_is_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        Target(**settings)


def test_a_learned_prior_has_no_exact_density():
    prior = make_estimator(
        jax.random.key(0), GAUSSIAN, "diffusion_prior", {"width": 16, "depth": 1}
    )
    maps = Standardisation.identity(GAUSSIAN)
    start = make_estimator(jax.random.key(0), GAUSSIAN, "distilled", {"flow": AFFINE})
    with pytest.raises(ValueError, match="Expected `prior: known` for density: exact"):
        Distilling(start, trained(prior, maps), GAUSSIAN, maps, Target(density="exact"))
