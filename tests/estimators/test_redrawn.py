"""Other settings of a trained model: other draws by the same weights, and never by others."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import inversion
from inversion.estimators.trained import Standardisation, make_estimator, save_model, trained
from inversion.posterior import AbstractDensity
from inversion.tasks import make_task

TASK = {"kind": "gaussian_linear", "dim": 2, "prior_scale": 1.5, "noise_scale": 0.8}
NETWORK = {"width": 8, "depth": 2, "features": 4, "solver": "euler", "steps": 2}
Y = jnp.asarray([0.5, -1.0])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """An untrained diffusion model."""
    task, path = make_task(TASK), tmp_path_factory.mktemp("redrawn") / "model.eqx"
    estimator = make_estimator(jax.random.key(0), task, "diffusion", NETWORK)
    model = trained(estimator, Standardisation.identity(task))
    save_model(path, model, {"task": TASK, "kind": "diffusion", "network": NETWORK})
    return path


@eqx.filter_jit
def draws(model):
    return model.sample(jax.random.key(1), Y, 50)


def test_the_same_settings_give_the_same_bits(path):
    again = inversion.load(path, steps=2)
    np.testing.assert_array_equal(draws(again), draws(inversion.load(path)))


def test_other_steps_draw_otherwise_by_the_same_density(path):
    """The density is the exact flow's, however coarsely it is drawn from."""
    coarse, fine = inversion.load(path), inversion.load(path, solver="multistep", steps=40)
    finer = inversion.load(path, solver="multistep", steps=80)
    assert isinstance(fine, AbstractDensity)
    np.testing.assert_allclose(draws(fine), draws(finer), atol=0.03)
    assert np.abs(draws(coarse) - draws(finer)).max() > 0.1
    np.testing.assert_array_equal(fine.log_prob(Y, Y), coarse.log_prob(Y, Y))


@pytest.mark.parametrize("network", [{"width": 9}, {"depth": 3}])
def test_settings_that_need_other_weights_are_refused(path, network):
    with pytest.raises(ValueError, match=r"settings that leave the .* weights as they are"):
        inversion.load(path, **network)
