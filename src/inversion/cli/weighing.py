"""A model's own draws weighed by the likelihood, with draws from the prior beside them, and what the weights say."""

from functools import partial

import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

LEAST = 4000  # draws to weigh: k-hat and an effective size of hundreds ask for thousands
OF_PRIOR = 9  # one proposal of the prior beside so many draws
AT_ONCE = 25_000  # proposals in one batch: bounds the memory


def has_weights(model) -> bool:
    """Whether the task has a likelihood and its prior a density, and the model has one."""
    from inversion.posterior import AbstractDensity
    from inversion.tasks.held_out import HeldOutTask
    from inversion.tasks.task import TractableTask

    task = model.standardisation.task
    known = isinstance(task, TractableTask) and not isinstance(task, HeldOutTask)
    return known and isinstance(model, AbstractDensity)


def weigh_draws(
    key: PRNGKeyArray, model, y: Float[Array, "*event"], draws: Float[Array, "count dim"], num: int
):
    """The log weights, and `num` draws resampled by them, none if 0."""
    import jax
    import jax.numpy as jnp

    from inversion.samplers.importance import Defensive, Proposals, weigh
    from inversion.samplers.tempering import systematic

    task, count = model.standardisation.task, proposals_of(len(draws))
    key_prior, key_resample, key_order = jax.random.split(key, 3)
    theta = jnp.concatenate([draws, task.prior().sample(key_prior, (count - len(draws),))])
    mixture = Defensive(task, model, y, 1 - len(draws) / count)
    each = jax.vmap(mixture.log_prob)
    if count > AT_ONCE:
        each = partial(jax.lax.map, mixture.log_prob, batch_size=AT_ONCE)
    proposals = Proposals(theta, each(theta), jax.vmap(mixture.log_target)(theta))
    if not num:
        return proposals.log_weights, None
    # In random order: copies of one proposal stand next to each other in a systematic resample.
    weights, _ = weigh(proposals.log_weights)
    chosen = jax.random.permutation(key_order, systematic(key_resample, weights, num))
    return proposals.log_weights, theta[chosen]


def proposals_of(draws: int) -> int:
    """How many proposals are weighed, those from the prior among them."""
    return draws + -(-draws // OF_PRIOR)


def acceptance(log_weights: Float[np.ndarray, " count"]):
    """Whether one observation's weights are to be relied on, and their effective size over their number."""
    from inversion.inverted import Weights
    from inversion.refinements.importance import judge
    from inversion.samplers.pareto import smoothed_ascending

    log_weights, khat = smoothed_ascending(log_weights)
    with np.errstate(
        invalid="ignore"
    ):  # no weight above 0: their size is not a number, and refused
        weights = np.exp(log_weights - log_weights[-1])
    ess = weights.sum() ** 2 / (weights**2).sum()
    log_evidence = log_weights[-1] + np.log(weights.mean())
    return judge(Weights(khat, ess, log_evidence), len(weights)), float(ess) / len(weights)
