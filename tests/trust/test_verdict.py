"""One plain sentence for each state of what is known."""

import numpy as np
import pytest

from inversion.inverted import Verdict
from inversion.trust.certificate import Certificate
from inversion.trust.verdict import CORRECTED, NOT, USE, advise


def certificate(power=1.0):
    """Of a model whose levels are uniform at power 1, and too high below: too narrow."""
    levels = np.linspace(0, 1, 2000)[:, None] ** power
    rng = np.random.default_rng(0)
    return Certificate(rng.normal(size=(50, 2)), np.linspace(0, 1, 2000), levels)


def weights(accepted=True, khat=0.2):
    reasons = [] if accepted else ["observation 0: k-hat 0.90, above 0.70"]
    return Verdict(accepted, reasons, {"khat": [khat]})


MOVED, STUCK = Verdict(True, [], {}), Verdict(False, ["observation 0: R-hat"], {})


@pytest.mark.parametrize(
    ("known", "word", "said"),
    [
        ((certificate(), 0.01, weights(), 0.9), NOT, "off the map"),
        ((certificate(), 0.5, weights(), 0.9), USE, "likelihood agrees"),
        ((certificate(), 0.5, weights(), 0.1), CORRECTED, "weights carry"),
        ((certificate(), 0.5, weights(False), 0.1), NOT, "k-hat 0.90, above 0.70"),
        ((certificate(), 0.5, weights(False), 0.1, MOVED), CORRECTED, "runs agree"),
        ((certificate(), 0.5, weights(False), 0.1, STUCK), NOT, "not accepted either"),
        ((certificate(), 0.5, None, None), USE, "held 90.0%"),
        ((certificate(0.5), 0.5, None, None), CORRECTED, "repaired intervals"),
        ((None, None, weights(), 0.9), USE, "likelihood agrees"),
        ((None, None, None, None), NOT, "nothing is known"),
    ],
)
def test_the_verdict_follows_from_what_is_known(known, word, said):
    advice = advise(*known)
    assert advice.word == word
    assert said in str(advice)
    assert str(advice).startswith(f"{word}: ")
    assert "\n" not in str(advice)
