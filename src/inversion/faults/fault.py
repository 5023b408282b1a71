"""What a planted fault is, and the panels that show it."""

import abc
from functools import cached_property

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


class Panel:
    """Simulations and what a faulty posterior makes of them: arrays of NumPy, each made when it is first asked for.

    Truths are from the prior; densities are of that posterior. Each array has a random key of its own, so that what
    is asked for changes no number. Not one compiled program: what is drawn and used twice would be drawn twice there.
    """

    def __init__(
        self,
        key: PRNGKeyArray,
        task: ExactTask,
        fault: AbstractFault,
        at: Float[np.ndarray, "place *event"],
        *,
        observations: int,
        draws: int,
        predictions: int,
    ) -> None:
        self._keys = jax.random.split(key, 6)
        self._task, self._fault = task, fault
        self._observations, self._draws, self._predictions = observations, draws, predictions
        self.at = at  # observations that one chose

    @cached_property
    def theta_true(self) -> Float[np.ndarray, "obs dim"]:
        truths = self._task.prior().sample(self._keys[0], (self._observations, 1))
        return np.asarray(truths[:, 0])

    @cached_property
    def _observed(self) -> Float[np.ndarray, "obs 2 *event"]:
        return self._predict(1, self.theta_true[:, None].repeat(2, axis=1))

    @property
    def y(self) -> Float[np.ndarray, "obs *event"]:
        return self._observed[:, 0]

    @property
    def y_new(self) -> Float[np.ndarray, "obs *event"]:
        """A second observation of the same truth."""
        return self._observed[:, 1]

    @cached_property
    def theta(self) -> Float[np.ndarray, "obs draw dim"]:
        return self._invert(2, self.y, self._draws)

    @cached_property
    def log_prob_true(self) -> Float[np.ndarray, " obs"]:
        return self._density(self.theta_true[:, None])[:, 0]

    @cached_property
    def log_prob(self) -> Float[np.ndarray, "obs draw"]:
        return self._density(self.theta)

    @cached_property
    def predicted(self) -> Float[np.ndarray, "obs few *event"]:
        """Simulated from the first few draws."""
        return self._predict(3, self.theta[:, : self._predictions])

    @cached_property
    def theta_at(self) -> Float[np.ndarray, "place many dim"]:
        return self._invert(4, self.at, 4 * self._draws)

    @cached_property
    def predicted_at(self) -> Float[np.ndarray, "place many *event"]:
        return self._predict(5, self.theta_at)

    def _invert(self, key: int, y: np.ndarray, draws: int) -> np.ndarray:
        return np.asarray(invert(self._keys[key], self._task, self._fault, y, draws))

    def _predict(self, key: int, theta: np.ndarray) -> np.ndarray:
        return np.asarray(predict(self._keys[key], self._task, theta))

    def _density(self, theta: np.ndarray) -> np.ndarray:
        return np.asarray(density(self._task, self._fault, self.y, theta))


def check_kind(task: AbstractTask, kind: type, what: str) -> None:
    """Refuse a task that a fault is not made for."""
    if not isinstance(task, kind):
        raise ValueError(f"Expected {what}; got {type(task).__name__}.")
