"""What a planted fault is, and the panels that show it."""

import abc
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.task import AbstractTask, ExactTask

BATCH = 20  # observations at once: a sampler that rejects takes as long for all of them as for the slowest


class AbstractFault(eqx.Module):
    """A way of being wrong.

    To write one, give `posterior`: what a faulty method believes of theta given y, as a distribution that draws and
    has a density; a constant factor of the density may be missing. Settings are keyword-only.
    """

    @abc.abstractmethod
    def posterior(self, task: ExactTask, y: Float[Array, "*event"]) -> dist.Distribution:
        """q(theta | y), made of the task's exact p(theta | y)."""


class Panel(NamedTuple):
    """Simulations and what a posterior makes of them; densities are of that posterior."""

    theta_true: Float[np.ndarray, "obs dim"]
    y: Float[np.ndarray, "obs *event"]
    theta: Float[np.ndarray, "obs draw dim"]
    log_prob_true: Float[np.ndarray, " obs"]
    log_prob: Float[np.ndarray, "obs draw"]
    y_new: Float[np.ndarray, "obs *event"]  # a second observation of the same truth
    predicted: Float[np.ndarray, "obs few *event"]  # simulated from the first few draws
    at: Float[np.ndarray, "place *event"]  # observations that one chose
    theta_at: Float[np.ndarray, "place many dim"]
    predicted_at: Float[np.ndarray, "place many *event"]


@eqx.filter_jit
def invert(
    key: PRNGKeyArray,
    task: ExactTask,
    fault: AbstractFault,
    y: Float[Array, "obs *event"],
    draws: int,
) -> Float[Array, "obs draw dim"]:
    """Draws of the faulty posterior for each observation."""

    def one(given: tuple[PRNGKeyArray, Array]) -> Array:
        key, y = given
        return fault.posterior(task, y).sample(key, (draws,))

    return jax.lax.map(one, (jax.random.split(key, len(y)), y), batch_size=BATCH)


@eqx.filter_jit
def predict(
    key: PRNGKeyArray, task: ExactTask, theta: Float[Array, "obs draw dim"]
) -> Float[Array, "obs draw *event"]:
    """One simulation from each draw."""
    keys = jax.random.split(key, theta.shape[:2])
    return jax.vmap(jax.vmap(task.simulate))(keys, theta)


@eqx.filter_jit
def density(
    task: ExactTask,
    fault: AbstractFault,
    y: Float[Array, "obs *event"],
    theta: Float[Array, "obs draw dim"],
) -> Float[Array, "obs draw"]:
    """log q(theta | y), but for a constant of each y."""
    return jax.vmap(lambda y, theta: fault.posterior(task, y).log_prob(theta))(y, theta)


def simulate_panel(
    key: PRNGKeyArray,
    task: ExactTask,
    fault: AbstractFault,
    at: Float[Array, "place *event"],
    *,
    observations: int,
    draws: int,
    predictions: int,
) -> Panel:
    """Truths from the prior, their observations, and the faulty posterior's draws for each of them and for `at`.

    Not one compiled program: what is drawn and used twice would be drawn twice there.
    """
    keys = jax.random.split(key, 6)
    truths = task.prior().sample(keys[0], (observations, 1))
    both = predict(keys[1], task, truths.repeat(2, axis=1))
    y, y_new = both[:, 0], both[:, 1]
    theta = invert(keys[2], task, fault, y, draws)
    theta_at = invert(keys[4], task, fault, at, 4 * draws)
    panel = Panel(
        theta_true=truths[:, 0],
        y=y,
        theta=theta,
        log_prob_true=density(task, fault, y, truths)[:, 0],
        log_prob=density(task, fault, y, theta),
        y_new=y_new,
        predicted=predict(keys[3], task, theta[:, :predictions]),
        at=at,
        theta_at=theta_at,
        predicted_at=predict(keys[5], task, theta_at),
    )
    return Panel(*map(np.asarray, panel))


def check_kind(task: AbstractTask, kind: type, what: str) -> None:
    """Refuse a task that a fault is not made for."""
    if not isinstance(task, kind):
        raise ValueError(f"Expected {what}; got {type(task).__name__}.")
