"""Estimators that are fitted in closed form, step by step: no gradient, and no training loop."""

import abc
from typing import NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.cost import Calls, Entry
from inversion.estimators.estimator import AbstractEstimator
from inversion.estimators.fit import Fit
from inversion.estimators.standardisation import Standardisation
from inversion.estimators.trained import trained
from inversion.posterior import AbstractTransport
from inversion.records import Simulations
from inversion.tasks.held_out import HeldOutTask
from inversion.tasks.task import AbstractTask


class Steps(NamedTuple):
    """The mean loss after each step, on the draws fitted to and on those held out."""

    train: Float[np.ndarray, " steps"]
    validation: Float[np.ndarray, " steps"]


class AbstractDirect(AbstractEstimator, AbstractTransport):
    """A prior that fits itself to draws; `kind` stands in `estimators.DIRECT`, `fit:` holds `validation` alone."""

    @abc.abstractmethod
    def fitted(
        self,
        key: PRNGKeyArray,
        theta: Float[Array, "n dim"],
        held_out: Float[Array, "m dim"],
        *,
        entry: Entry,
    ) -> tuple[Self, Steps]:
        """The same with as many steps as lower the loss on `held_out`; seconds of compiling go to `entry`."""


def fit_directly(
    key: PRNGKeyArray,
    estimator: AbstractDirect,
    task: AbstractTask,
    simulations: Simulations,
    *,
    validation: float,
    entry: Entry,
) -> Fit:
    """As `fit.fit`, for what needs no gradient: a share `validation` of the draws is held out, or as many examples."""
    if not 0 < validation < 1:
        raise ValueError(f"Expected validation between 0 and 1; got {validation}.")
    held_out = max(1, round(validation * len(simulations)))
    examples = isinstance(task, HeldOutTask)
    if len(simulations) - (0 if examples else held_out) < 2:
        raise ValueError(f"Expected at least 3 draws to fit to; got {len(simulations)}.")
    maps = Standardisation.of(task, simulations)
    key_order, key_fit = jax.random.split(key)

    def seen(theta: Array, key: PRNGKeyArray) -> Array:
        if examples:
            others = task.held_out("validation").sample(key, (held_out,))
            return jax.vmap(maps.theta_in)(jnp.concatenate([others, theta]))
        return jax.random.permutation(key, jax.vmap(maps.theta_in)(theta))

    theta = jnp.asarray(simulations.theta)
    u = entry.compile(seen, theta, key_order, quick=True)(theta, key_order)
    estimator, steps = estimator.fitted(key_fit, u[held_out:], u[:held_out], entry=entry)
    entry.count(Calls(network=len(steps.train) * len(simulations)))
    best = int(np.argmin(steps.validation)) + 1
    stopped = "finished" if best == len(steps.train) else "patience"
    model = trained(estimator, maps)
    return Fit(model, steps.train, steps.validation, best, stopped, len(steps.train))
