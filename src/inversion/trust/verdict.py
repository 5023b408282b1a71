"""One plain sentence: use it; use it corrected; do not use it; and why."""

from typing import NamedTuple

import numpy as np

from inversion.inverted import Verdict as Acceptance
from inversion.trust.certificate import FALSE_ALARMS, LEVEL, Certificate

USE, CORRECTED, NOT = "use it", "use it corrected", "do not use it"
NEAR = 0.02  # of the coverage that was asked for
EVEN = (
    0.5  # the share of the proposals that weights must leave for the posterior to be used as it is
)


class Advice(NamedTuple):
    """What to do with a posterior, and the reasons for it."""

    word: str
    reasons: list[str]

    def __str__(self) -> str:
        return f"{self.word}: {'; '.join(self.reasons)}."


def advise(
    certificate: Certificate | None,
    off_map: float | None,
    weights: Acceptance | None,
    share: float | None,
    moved: Acceptance | None = None,
) -> Advice:
    """What to do with the posterior of one observation, from what is known; None stands for what is not.

    `off_map` is the probability of an observation as far off, `weights` the verdict on the importance weights,
    `share` their effective size over their number, and `moved` the verdict on a tempered correction.
    """
    if off_map is not None and off_map <= FALSE_ALARMS:
        seen = f"fewer than {off_map:.2%} of simulated observations lie as far off as this one"
        return Advice(NOT, [f"the observation is off the map of the simulations ({seen})"])
    known = [] if off_map is None else ["the observation is like those simulated"]
    if moved is not None and moved.accepted:
        return Advice(
            CORRECTED, [*known, "moved to the exact posterior by tempered steps, whose runs agree"]
        )
    if weights is not None:
        return _by_weights(known, weights, share, moved)
    if certificate is None:
        return Advice(
            NOT,
            [
                "nothing is known of it: no certificate lies beside the model, and no likelihood and prior weigh it"
            ],
        )
    return _by_coverage(known, certificate)


def _by_weights(
    known: list[str], weights: Acceptance, share: float, moved: Acceptance | None
) -> Advice:
    if not weights.accepted:
        reasons = [reason.split(": ", 1)[1] for reason in weights.reasons]
        if moved is not None:
            reasons += ["tempered steps were not accepted either"]
        return Advice(NOT, [f"it does not cover the exact posterior ({', '.join(reasons)})"])
    said = f"k-hat {weights.numbers['khat'][0]:.2f}, {share:.0%} of the proposals count"
    if share < EVEN:
        return Advice(
            CORRECTED, [*known, f"it differs from the exact posterior, and weights carry ({said})"]
        )
    return Advice(USE, [*known, f"the likelihood agrees with it ({said})"])


def _by_coverage(known: list[str], certificate: Certificate) -> Advice:
    coverage = certificate.coverage()
    worst = coverage[np.argmax(np.abs(coverage - LEVEL))]
    said = f"its {LEVEL:.0%} intervals held {worst:.1%} of {len(certificate.distance):,} held-out truths"
    if abs(worst - LEVEL) > NEAR:
        return Advice(
            CORRECTED, [*known, f"{said} at the worst coordinate: take the repaired intervals"]
        )
    return Advice(USE, [*known, said])
