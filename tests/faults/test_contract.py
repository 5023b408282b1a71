"""Every fault of params.yaml: its draws have its density, and the exact posterior's faults are what they say."""

from pathlib import Path

import jax
import numpy as np
import pytest
import yaml

from inversion.diagnostics.coverage import hpd_levels, hpd_p
from inversion.diagnostics.ranks import sbc_p, sbc_ranks
from inversion.faults import FAULTS
from inversion.faults.fault import Panel, density, invert
from inversion.registry import build
from inversion.tasks import make_task

PARAMS = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
CASES = [
    (task, fault) for task, asked in PARAMS["power"]["tasks"].items() for fault in asked["faults"]
]


def made(task, fault):
    return make_task(PARAMS["tasks"][task]), build(FAULTS, PARAMS["faults"][fault])


def panel_of(task, fault, observations=300, draws=30, seed=0):
    at = np.array(list(PARAMS["power"]["tasks"][task]["at"].values()), np.float32)
    sizes = {"observations": observations, "draws": draws, "predictions": 5}
    return Panel(jax.random.key(seed), *made(task, fault), at, **sizes)


@pytest.mark.parametrize(("task", "fault"), CASES)
def test_draws_have_the_density_that_is_said(task, fault):
    """One draw among the others of a fault is as probable as they are, whatever the fault."""
    problem, wrong = made(task, fault)
    panel = panel_of(task, fault)
    theta = invert(jax.random.key(1), problem, wrong, panel.y, 31)
    log_prob = np.asarray(density(problem, wrong, panel.y, theta))
    assert np.isfinite(log_prob).all()
    assert hpd_p(hpd_levels(log_prob[:, 0], log_prob[:, 1:]), 30) > 1e-3
    np.testing.assert_array_equal(panel.log_prob, density(problem, wrong, panel.y, panel.theta))
    dim = panel.theta.shape[-1]
    expected = {
        "theta_true": (300, dim), "y": (300, dim), "y_new": (300, dim), "theta": (300, 30),
        "log_prob_true": (300,), "log_prob": (300, 30), "predicted": (300, 5),
        "at": (2, dim), "theta_at": (2, 120), "predicted_at": (2, 120),
    }  # fmt: skip
    assert {name: getattr(panel, name).shape[:2] for name in expected} == expected


def test_what_is_asked_for_first_changes_no_number():
    panel, again = (panel_of("two_moons", "missing_mode", observations=20) for _ in range(2))
    last = again.predicted_at
    np.testing.assert_array_equal(panel.theta, again.theta)
    np.testing.assert_array_equal(panel.predicted_at, last)
    assert not np.array_equal(panel.y, panel.y_new)


def test_an_affine_fault_moves_and_stretches():
    panel = panel_of("gaussian_linear_5", "exact")
    problem = make_task(PARAMS["tasks"]["gaussian_linear_5"])
    wrong = build(FAULTS, {"kind": "affine", "spread": 0.5, "shift": 1.0})
    theta = np.asarray(invert(jax.random.key(0), problem, wrong, panel.y, 500))
    sd = np.sqrt(0.05)
    z = (theta - panel.y[:, None] / 2) / sd
    np.testing.assert_allclose([z.mean(), z.std()], [1.0, 0.5], atol=0.01)


def test_a_correlated_fault_keeps_the_margins():
    panel = panel_of("gaussian_linear_5", "correlated", draws=500)
    z = ((panel.theta - panel.y[:, None] / 2) / np.sqrt(0.05)).reshape(-1, 5)
    np.testing.assert_allclose(np.cov(z.T), 0.5 + 0.5 * np.eye(5), atol=0.02)


def test_a_missing_mode_is_missing():
    alone = panel_of("two_moons", "missing_mode").theta.sum(axis=-1)
    assert (alone <= 0).all()
    turns = panel_of("two_moons", "missing_alternating")
    assert ((turns.theta.sum(axis=-1) > 0) == (turns.y[:, 1:] > 0)).all()


def test_a_coarse_posterior_is_right_on_average_and_right_below_its_threshold():
    panel = panel_of("gaussian_linear_5", "coarse", observations=4000, draws=50)
    assert sbc_p(sbc_ranks(panel.theta_true, panel.theta), 50) > 1e-3
    above = panel.y[:, 0] > 0.5 * np.sqrt(0.2)
    z = (panel.theta[..., 0] - panel.y[:, :1] / 2) / np.sqrt(0.05)
    np.testing.assert_allclose([z[~above].mean(), z[~above].std()], [0, 1], atol=0.02)
    far = panel.y[:, 0] > 2 * np.sqrt(0.2)
    assert z[far].mean() < -0.8
    assert z[above].std() > 1.1


def test_refuses():
    two_moons = make_task(PARAMS["tasks"]["two_moons"])
    gaussian = make_task(PARAMS["tasks"]["gaussian_linear_5"])
    y = np.zeros((1, 2), np.float32)
    for entry, task, expected in (
        ({"kind": "affine"}, two_moons, "a Gaussian posterior"),
        ({"kind": "correlated", "correlation": 0.5}, two_moons, "a Gaussian posterior"),
        ({"kind": "coarse", "above": 0.0}, two_moons, "the task gaussian_linear"),
        ({"kind": "missing_mode"}, gaussian, "falls into parts"),
    ):
        with pytest.raises(ValueError, match=f"Expected .*{expected}.*; got"):
            invert(jax.random.key(0), task, build(FAULTS, entry), y, 3)
    with pytest.raises(ValueError, match="Expected a spread above 0; got 0"):
        build(FAULTS, {"kind": "affine", "spread": 0.0})
    with pytest.raises(ValueError, match="Expected a correlation from 0 to less than 1; got 1"):
        build(FAULTS, {"kind": "correlated", "correlation": 1.0})
