"""What an inversion of one observation leaves behind, classical or by a learned prior."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float

from inversion.cost import Calls


class Weights(NamedTuple):
    """What a set of importance weights says of itself."""

    khat: Float[Array, ""]  # the shape of its tail
    ess: Float[Array, ""]
    log_evidence: Float[Array, ""]


class Inverted(NamedTuple):
    """Draws of theta for one observation; stacked along a leading axis for several.

    `chains`, for a Markov chain method, holds every transition after the warm-up, `diverging` is true where
    one failed, `residuals` is what an iteration recorded of its own convergence, and `weights` what weighted
    proposals say of themselves.
    """

    theta: Float[Array, "num dim"]
    calls: Calls
    chains: Float[Array, "chain step dim"] | None = None
    diverging: Bool[Array, "chain step"] | None = None
    residuals: Float[Array, "iteration kind"] | None = None
    weights: Weights | None = None


class Verdict(NamedTuple):
    """Whether an inversion may serve as a reference: why not, where not, and the numbers behind it."""

    accepted: bool
    reasons: list[str]
    numbers: dict[str, Any]


def found_all(inverted: Inverted) -> Verdict:
    """Accepted where every draw asked for was found; the others are NaN."""
    theta = np.asarray(inverted.theta)
    missing = np.isnan(theta).any(axis=-1).sum(axis=-1)
    reasons = [f"observation {i}: {n} draws not found" for i, n in enumerate(missing) if n]
    return Verdict(not reasons, reasons, {"missing": int(missing.sum())})
