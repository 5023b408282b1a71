"""Importance correction: an amortised posterior's draws, weighted to the exact posterior and resampled.

w = p(theta) p(y | theta) / q(theta | y), Pareto-smoothed; what is kept is a systematic resample. k-hat says whether
the weights can be trusted (Vehtari et al., 2024), for this observation: where q has missed a part of the posterior
that a share of the prior's draws does find, the tail is heavy and k-hat is high.
"""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.inverted import Inverted, Verdict, Weights
from inversion.posterior import AbstractDensity
from inversion.refinements.refinement import AbstractRefinement
from inversion.samplers.convergence import ESS
from inversion.samplers.importance import Defensive, weigh
from inversion.samplers.pareto import highest_shape
from inversion.samplers.tempering import systematic
from inversion.tasks.task import TractableTask


class Importance(AbstractRefinement):
    """`proposals` weighted ones, at least as many as draws are asked for; a share `defensive` is the prior's."""

    needs = TractableTask
    starts_from = AbstractDensity
    proposals: int = eqx.field(static=True)
    defensive: float = eqx.field(static=True)

    def __init__(self, *, proposals: int = 20_000, defensive: float = 0.1) -> None:
        if not (0 <= defensive < 1 and proposals > 1):
            raise ValueError(
                "Expected defensive of importance from 0 to below 1 and proposals above 1; "
                f"got {defensive} and {proposals}."
            )
        self.proposals, self.defensive = proposals, defensive

    def invert(
        self,
        key: PRNGKeyArray,
        task: TractableTask,
        start: AbstractDensity,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        key_propose, key_resample, key_order = jax.random.split(key, 3)
        count = max(self.proposals, num)
        mixture = Defensive(task, start, y, self.defensive)
        proposals = mixture.propose(key_propose, count)
        weights, said = weigh(proposals.log_weights)
        # In random order: copies of one proposal stand next to each other in a systematic resample.
        chosen = jax.random.permutation(key_order, systematic(key_resample, weights, num))
        return Inverted(proposals.theta[chosen], mixture.calls(count), weights=said)

    def verdict(self, task: TractableTask, inverted: Inverted) -> Verdict:
        """k-hat low enough for as many weights, and an effective size that a reference would have to have."""
        return judge(inverted.weights, max(self.proposals, inverted.theta.shape[1]))


def judge(weights: Weights, count: int) -> Verdict:
    """Whether each observation's `count` weights are to be relied on."""
    khat, ess, log_evidence = (np.atleast_1d(np.asarray(each)).tolist() for each in weights)
    limit, reasons, accepted = highest_shape(count), [], []
    for at, (shape, size) in enumerate(zip(khat, ess, strict=True)):
        found = []
        if not shape <= limit:
            found.append(f"observation {at}: k-hat {shape:.2f}, above {limit:.2f}")
        if not size >= ESS:
            found.append(f"observation {at}: effective size {size:.0f}, below {ESS}")
        accepted.append(not found)
        reasons += found
    numbers = {"khat": khat, "ess": ess, "log_evidence": log_evidence}
    return Verdict(not reasons, reasons, {"accepted_share": float(np.mean(accepted)), **numbers})
