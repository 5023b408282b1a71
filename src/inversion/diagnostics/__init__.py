"""Diagnostics: arrays in, numbers out. No files, no models, JAX only once C2ST is called; a seed
fixes every bit.

A new score is one file here and one line in one of the two registries.

`COMPARISON`, draws (n, dim) against an exact or accepted reference (m, dim), for one observation:

    value = COMPARISON[name](draws, reference, seed=seed, **settings)

where `settings` is the entry of `scores:` in params.yaml less `draws`, the number to which the
caller truncates both samples.

`CALIBRATION`, draws (obs, draw, dim) against the truths (obs, dim) of a whole panel:

    scores, curves = CALIBRATION[name](
        theta_true, theta, y=y, log_prob_true=log_prob_true, log_prob=log_prob, seed=seed
    )

with None for what a method does not have. `scores` has a value by score name, `curves` an array by
curve name, for the figures.

The rest is called by name: `consistency`, `excess_nll`, local C2ST and the predictive checks. `tests.TESTS` has
every test of a posterior under one signature, for the study of their power. A draw that is not finite makes a score
NaN, a row in the table; arrays that do not belong together raise a ValueError that says what was
expected and what came.
"""

from collections.abc import Callable

from inversion.diagnostics.c2st import c2st
from inversion.diagnostics.calibration import hpd, sbc, sets, tarp
from inversion.diagnostics.consistency import consistency, masses, segment_labels, total_variation
from inversion.diagnostics.excess_nll import Estimate, excess_nll, nll
from inversion.diagnostics.landing import Landing, landing
from inversion.diagnostics.mmd import mmd
from inversion.diagnostics.sliced_wasserstein import sliced_wasserstein
from inversion.diagnostics.uniformity import Band, ecdf_band, ks_quantile, uniform_p

COMPARISON: dict[str, Callable[..., float]] = {
    "c2st": c2st,
    "mmd": mmd,
    "sliced_wasserstein": sliced_wasserstein,
}

CALIBRATION: dict[str, Callable[..., tuple[dict[str, float], dict]]] = {
    "sbc": sbc,
    "tarp": tarp,
    "hpd": hpd,
    "sets": sets,
}

SCORES = {"comparison": COMPARISON, "calibration": CALIBRATION}

__all__ = [
    "CALIBRATION",
    "COMPARISON",
    "SCORES",
    "Band",
    "Estimate",
    "Landing",
    "consistency",
    "ecdf_band",
    "excess_nll",
    "ks_quantile",
    "landing",
    "masses",
    "nll",
    "segment_labels",
    "total_variation",
    "uniform_p",
]
