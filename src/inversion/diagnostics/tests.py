"""Every test of a posterior under one signature: what the study of power runs on planted faults.

    p = TESTS[name](panel, seed, nulls)

`panel` has the arrays of `inversion.faults.fault.Panel`; `nulls` is the number of exchanges of those tests
that make them; p has a p-value by name. They look at a whole panel, but for `local` and `check`, which ask about one
observation, at each place of `panel.at`. A new test is one function and one line.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import ks_2samp

from inversion.diagnostics.averaged import averaged_p
from inversion.diagnostics.coverage import (
    central_levels,
    ellipsoid_levels,
    hpd_levels,
    hpd_p,
    interval_levels,
    levels_p,
)
from inversion.diagnostics.local_c2st import local_c2st, train_local_c2st
from inversion.diagnostics.multiplicity import holm
from inversion.diagnostics.predictive import predictive_p, predictive_panel_p
from inversion.diagnostics.ranks import sbc_p, sbc_ranks
from inversion.diagnostics.tarp import references_from, tarp_coverages, tarp_curve, tarp_p

P = dict[str, float]
PLACES = ("there", "elsewhere")
TOGETHER = ("sbc", "ellipsoid", "hpd", "tarp", "tarp_y", "averaged", "predictive")
BINS = 30


def sbc(panel: Any, seed: int, nulls: int) -> P:
    return {"sbc": sbc_p(sbc_ranks(panel.theta_true, panel.theta, seed=seed), panel.theta.shape[1])}


def central(panel: Any, seed: int, nulls: int) -> P:
    draws = panel.theta.shape[1]
    ranks = sbc_ranks(panel.theta_true, panel.theta, seed=seed)
    return {"central": levels_p(central_levels(ranks, draws, seed=seed), draws)}


def interval(panel: Any, seed: int, nulls: int) -> P:
    levels = interval_levels(panel.theta_true, panel.theta, seed=seed)
    return {"interval": levels_p(levels, panel.theta.shape[1])}


def ellipsoid(panel: Any, seed: int, nulls: int) -> P:
    levels = ellipsoid_levels(panel.theta_true, panel.theta, seed=seed)
    return {"ellipsoid": levels_p(levels[:, None], panel.theta.shape[1])}


def hpd(panel: Any, seed: int, nulls: int) -> P:
    levels = hpd_levels(panel.log_prob_true, panel.log_prob, seed=seed)
    return {"hpd": hpd_p(levels, panel.log_prob.shape[1])}


def tarp(panel: Any, seed: int, nulls: int) -> P:
    return {
        "tarp": tarp_p(tarp_coverages(seed, panel.theta_true, panel.theta), panel.theta.shape[1])
    }


def tarp_y(panel: Any, seed: int, nulls: int) -> P:
    draws, dim = panel.theta.shape[1:]
    references = references_from(seed, panel.y, dim)
    coverages = tarp_coverages(seed, panel.theta_true, panel.theta, references=references)
    return {"tarp_y": tarp_p(coverages, draws)}


def tarp_binned(panel: Any, seed: int, nulls: int) -> P:
    """As elsewhere: the curve at the ends of bins, as if its points were a sample; without power, shown for that."""
    draws = panel.theta.shape[1]
    curve, band = tarp_curve(tarp_coverages(seed, panel.theta_true, panel.theta), draws)
    levels = np.linspace(0, 1, BINS + 1)
    return {
        "tarp_binned": float(
            ks_2samp(np.interp(levels, [0, *band.z, 1], [0, *curve, 1]), levels).pvalue
        )
    }


def averaged(panel: Any, seed: int, nulls: int) -> P:
    return {"averaged": averaged_p(panel.theta_true, panel.theta, seed=seed, num=nulls)}


def predictive(panel: Any, seed: int, nulls: int) -> P:
    return {"predictive": predictive_panel_p(panel.y_new, panel.predicted, seed=seed)}


def local(panel: Any, seed: int, nulls: int) -> P:
    trained = train_local_c2st(panel.theta_true, panel.theta, panel.y, seed=seed, nulls=nulls)
    each = zip(PLACES, panel.theta_at, panel.at, strict=True)
    return {f"local_{place}": local_c2st(trained, theta, y)[1] for place, theta, y in each}


def check(panel: Any, seed: int, nulls: int) -> P:
    each = zip(PLACES, panel.at, panel.predicted_at, strict=True)
    return {f"check_{place}": predictive_p(y, predicted) for place, y, predicted in each}


def together(p: P) -> P:
    """The smallest p-value of the tests of a whole panel at once, by Holm, where all of them were made."""
    if not set(TOGETHER) <= set(p):
        return {}
    return {"together": float(holm(np.array([p[name] for name in TOGETHER])).min())}


TESTS: dict[str, Callable[[Any, int, int], P]] = {
    "sbc": sbc,
    "central": central,
    "interval": interval,
    "ellipsoid": ellipsoid,
    "hpd": hpd,
    "tarp": tarp,
    "tarp_y": tarp_y,
    "tarp_binned": tarp_binned,
    "averaged": averaged,
    "predictive": predictive,
    "local": local,
    "check": check,
}
