"""Eight Gaussians are those of the original, and their posterior along a line has the modes that geometry says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.tasks import make_task

TASK = make_task({"kind": "eight_gaussians"})


def test_entropy_is_that_of_the_original() -> None:
    """log 8 + log(2 pi e / 8) without overlap, 2.838 nats; the little there is takes it to 2.832."""
    draws = TASK.prior().sample(jax.random.key(0), (200_000,))
    log_prob = TASK.prior().log_prob(draws)
    error = float(log_prob.std()) / len(draws) ** 0.5
    assert -log_prob.mean() == pytest.approx(2.832, abs=3 * error + 5e-4)
    np.testing.assert_allclose(draws.mean(0), 0, atol=0.02)
    np.testing.assert_allclose(jnp.cov(draws.T), (4 + 0.125) * jnp.eye(2), atol=0.04)


@pytest.mark.parametrize(("y", "heights"), [(0.0, [2.828, -2.828]), (2.0, [2.0, -2.0])])
def test_a_line_crosses_two_modes(y, heights) -> None:
    posterior = TASK.posterior(jnp.array([y]))
    weights = jnp.exp(posterior.log_weights)
    two = jnp.argsort(-weights)[:2]
    assert weights[two].sum() > 0.95
    np.testing.assert_allclose(weights[two[0]], weights[two[1]], rtol=1e-6)
    found = posterior.means[two][:, 1]
    np.testing.assert_allclose(sorted(found), sorted(heights), atol=1e-3)


def test_modes_are_numbered_against_the_clock() -> None:
    angles = jnp.pi * jnp.arange(8) / 4
    centres = 2 * jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
    np.testing.assert_array_equal(jax.vmap(TASK.labels)(centres)["mode"], jnp.arange(8))


def test_a_scale_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Expected scale of eight_gaussians above 0; got 0\."):
        make_task({"kind": "eight_gaussians", "scale": 0})
