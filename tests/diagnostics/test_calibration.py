"""Every calibration score on an exact posterior and on the faults that it must and cannot see."""

import numpy as np
import pytest
from scipy.stats import binom

from inversion.diagnostics import CALIBRATION, ks_quantile

P_VALUES = {"sbc_p", "tarp_p", "tarp_y_p", "hpd_p", "ellipsoid_p", "interval_p", "averaged_p"}


def scores_of(panel, seed=0):
    scores = {}
    for diagnose in CALIBRATION.values():
        values, _ = diagnose(
            panel.theta_true,
            panel.theta,
            y=panel.y,
            log_prob_true=panel.log_prob_true,
            log_prob=panel.log_prob,
            seed=seed,
        )
        scores |= values
    return scores


def test_false_alarms_are_nominal(panel):
    repeats = 800
    runs = [scores_of(panel(seed, obs=150, draws=40), seed) for seed in range(repeats)]
    for name in P_VALUES:
        alarms = sum(run[name] <= 0.05 for run in runs)
        # Discreteness and the sum over two dependent coordinates may take a little from 5 %.
        low = 0.03 if name in ("sbc_p", "interval_p") else 0.045
        assert binom.ppf(1e-5, repeats, low) <= alarms <= binom.isf(1e-5, repeats, 0.05), name


@pytest.mark.parametrize("fault", [{"spread": 0.8}, {"spread": 1.25}, {"shift": 1.0}])
def test_faults_are_rejected_always(panel, fault):
    for seed in range(20):
        scores = scores_of(panel(seed, **fault), seed)
        assert scores["sbc_p"] < 1e-3
        assert scores["tarp_p"] < 1e-3
        assert (
            scores["averaged_p"] < 0.05 or "spread" in fault
        )  # y spreads wider than theta given y
        assert scores["ellipsoid_p"] < 1e-3 or "shift" in fault
        assert scores["hpd_p"] < 1e-3 or "shift" in fault


def test_wrong_pairing_is_rejected(panel):
    right = panel(0, obs=200)
    wrong = right._replace(theta=np.roll(right.theta, 1, axis=0))
    scores = scores_of(wrong)
    assert all(scores[name] < 1e-6 for name in ("sbc_p", "tarp_p", "tarp_y_p"))


def test_only_references_that_look_at_y_tell_the_posterior_from_the_prior(panel):
    alarms = dict.fromkeys(("sbc_p", "tarp_p", "tarp_y_p"), 0)
    for seed in range(25):
        right, other = panel(seed, obs=200), panel(1000 + seed, obs=200 * 100)
        prior = right._replace(theta=other.theta_true.reshape(200, 100, 2))
        scores = scores_of(prior, seed)
        alarms = {name: count + (scores[name] <= 0.01) for name, count in alarms.items()}
    assert max(alarms["sbc_p"], alarms["tarp_p"]) <= 4
    assert alarms["tarp_y_p"] >= 12


def test_signs(panel):
    exact, narrow, wide = (scores_of(panel(1, spread=spread)) for spread in (1.0, 0.8, 1.25))
    for name in ("coverage_50", "coverage_90", "hpd_50", "hpd_90"):
        nominal = int(name[-2:]) / 100
        assert narrow[name] < nominal - 0.04 < exact[name] < nominal + 0.04 < wide[name] + 0.02
        assert wide[name] > nominal + 0.03
    for worse in (narrow, wide, scores_of(panel(1, shift=0.3))):
        assert worse["sbc_ks"] > ks_quantile(1000, 100, 0.99) > exact["sbc_ks"]
        assert exact["sbc_ks_mean"] <= exact["sbc_ks"]
        assert worse["sbc_ks_mean"] > worse["sbc_ks_mean_95"] > exact["sbc_ks_mean"]
    assert exact["sbc_ks_95"] > ks_quantile(1000, 100) > exact["sbc_ks_mean_95"]


def test_without_density_or_observation_there_are_fewer_scores(panel):
    some = panel(0, obs=20)
    assert CALIBRATION["hpd"](some.theta_true, some.theta) == ({}, {})
    scores, curves = CALIBRATION["tarp"](some.theta_true, some.theta)
    assert set(scores) == {"tarp_p"}
    assert curves["tarp"].shape == (20,)
    ragged = np.full((20, 3), np.nan)  # a padded series
    assert set(CALIBRATION["tarp"](some.theta_true, some.theta, y=ragged)[0]) == {"tarp_p"}


def test_broken_draws_are_scored_nan_under_the_same_names(panel):
    whole = panel(0, obs=20)
    broken = whole._replace(theta=np.where(whole.theta > 4, np.nan, whole.theta))
    broken = broken._replace(log_prob=np.where(whole.log_prob < -4, np.nan, whole.log_prob))
    assert set(scores_of(broken)) == set(scores_of(whole))
    assert all(np.isnan(value) for value in scores_of(broken).values())


def test_same_bits_again(panel):
    some = panel(2, obs=100)
    for diagnose in CALIBRATION.values():
        first, second = (diagnose(*some[:2], y=some.y, seed=5) for _ in range(2))
        assert first[0] == second[0]
        assert all((first[1][name] == second[1][name]).all() for name in first[1])
