"""The only training loop: between two reports of progress it is one compiled scan over data on the device."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.compiling import QUICK_STEPS, options
from inversion.cost import Calls, Entry
from inversion.estimators.estimator import AbstractTrainable
from inversion.estimators.standardisation import Y_SCALES, Standardisation
from inversion.estimators.trained import Trained, TrainedPoints, trained
from inversion.posterior import AbstractGenerator
from inversion.records import Simulations
from inversion.tasks.held_out import HeldOutTask
from inversion.tasks.symmetric import SymmetricTask
from inversion.tasks.task import AbstractTask

TRAINING = {"fit": "inversion.estimators.fit:Training"}
EPOCHS_A_CALL = 10  # at most, between two reports of progress and two looks at the patience


@dataclass(frozen=True, kw_only=True)
class Training:
    """The settings of a training; the entry `fit:` of an estimator in params.yaml.

    Adam (with decoupled `weight_decay`), the norm of the gradient clipped at `clip`, a cosine from
    `learning_rate` down to `final_fraction` of it over all `epochs`. A share `validation` of the pairs is
    held out, or, where a task has examples for that, as many pairs from these (`tasks.held_out`); after `patience`
    epochs without a better loss on it the training stops. `average` > 0 is the
    decay of an exponential moving average of the parameters, which is then what is validated and kept.
    `fresh_noise` simulates a new y for the batch's theta at every step. `max_steps` lowers `epochs`, and the
    cosine with them, where the pairs are so many that all epochs would take more steps than that. `whiten`
    shows the network theta less its linear regression on y, made round (`whitening`). `symmetries` moves
    each pair of a batch at random by what leaves the task's joint distribution alone (`tasks.symmetric`). `y_scale`
    is what y is mapped by before it is standardised, `linear`, `log` or `asinh` (`standardisation.Standardisation`);
    `y_screen` is the level of the test that a number of y must pass to be seen by the network (`screening`), or none.
    """

    epochs: int
    max_steps: int | None = None
    batch: int = 256
    learning_rate: float = 1e-3
    final_fraction: float = 0.0
    clip: float = 5.0
    weight_decay: float = 0.0
    average: float = 0.0
    patience: int | None = None
    validation: float = 0.1
    fresh_noise: bool = False
    whiten: bool = False
    symmetries: bool = False
    y_scale: str = "linear"
    y_screen: float | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1:
            raise ValueError(
                f"Expected epochs and batch of at least 1; got {self.epochs} and {self.batch}."
            )
        if self.max_steps is not None and self.max_steps < 1:
            raise ValueError(f"Expected max_steps of at least 1 or none; got {self.max_steps}.")
        if not 0 < self.validation < 1:
            raise ValueError(f"Expected validation between 0 and 1; got {self.validation}.")
        if self.y_scale not in Y_SCALES:
            raise ValueError(
                f"Expected a y_scale among {', '.join(Y_SCALES)}; got {self.y_scale!r}."
            )
        if self.y_screen is not None and not 0 < self.y_screen < 1:
            raise ValueError(f"Expected a y_screen between 0 and 1; got {self.y_screen}.")

    def capped(self, steps: int) -> "Training":
        """With as many epochs of `steps` each as `max_steps` allows, one at least."""
        if self.max_steps is None:
            return self
        return replace(self, epochs=max(1, min(self.epochs, self.max_steps // steps)))


@dataclass(frozen=True)
class Fit:
    """What a training came to; `stopped` is `finished`, `patience` or `diverged`; epochs count from 1."""

    model: Trained | TrainedPoints
    train: Float[np.ndarray, " epochs"]
    validation: Float[np.ndarray, " epochs"]
    best_epoch: int
    stopped: str
    steps: int


class State(NamedTuple):
    """What the loop carries: parameters, their average, the optimiser's state, the best so far.

    All parameters are one vector, which an optimiser's step goes through at once, and compiles in a fifth of the time.
    """

    parameters: Float[Array, " parameters"]
    average: Float[Array, " parameters"]
    optimiser: Any
    step: Array
    best: Float[Array, " parameters"]
    best_validation: Array


class Batch(NamedTuple):
    """Pairs as the estimator sees them, `u` and `v`, and in the task's units, for fresh noise and symmetries."""

    theta: Float[Array, "n dim"]
    y: Float[Array, "n *event"]
    u: Float[Array, "n dim"]
    v: Float[Array, "n *event"]


class Loop(NamedTuple):
    """One training, from a step to all epochs of a call."""

    model: Callable[[Array], AbstractTrainable]  # of the parameters
    task: AbstractTask
    maps: Standardisation
    training: Training
    optimiser: optax.GradientTransformation
    batch: int
    steps: int  # of an epoch
    epochs: int  # of a call

    def loss(self, parameters: Array, pairs: Batch, key: PRNGKeyArray, progress: Array) -> Array:
        """The mean loss of a batch."""
        return self.model(parameters).batch_loss(pairs.u, pairs.v, key=key, progress=progress)

    def validation_loss(self, parameters: Array, pairs: Batch, key: PRNGKeyArray) -> Array:
        """The mean over pairs that are held out."""
        return self.model(parameters).batch_validation_loss(pairs.u, pairs.v, key=key)

    def step(self, state: State, pairs: Batch, key: PRNGKeyArray) -> tuple[State, Array]:
        key_loss, key_noise = jax.random.split(key)
        if self.training.fresh_noise:
            keys = jax.random.split(key_noise, self.batch)
            pairs = _seen(self.maps, pairs.theta, jax.vmap(self.task.simulate)(keys, pairs.theta))
        if self.training.symmetries:
            keys = jax.random.split(jax.random.fold_in(key, 2), self.batch)
            pairs = _seen(self.maps, *jax.vmap(self.task.moved)(keys, pairs.theta, pairs.y))
        progress = state.step / (self.training.epochs * self.steps)
        loss, gradient = jax.value_and_grad(self.loss)(state.parameters, pairs, key_loss, progress)
        updates, optimiser = self.optimiser.update(gradient, state.optimiser, state.parameters)
        parameters = optax.apply_updates(state.parameters, updates)
        average = parameters
        if self.training.average > 0:
            # Early on the average runs over as many steps as there are.
            keep = jnp.minimum(self.training.average, (1 + state.step) / (10 + state.step))
            average = keep * state.average + (1 - keep) * parameters
        state = state._replace(parameters=parameters, average=average, optimiser=optimiser)
        return state._replace(step=state.step + 1), loss

    def epoch(
        self, state: State, keys: PRNGKeyArray, pairs: Batch, held_out: Batch
    ) -> tuple[State, tuple[Array, Array]]:
        key_train, key_validation = keys
        key_order, key_steps = jax.random.split(jax.random.fold_in(key_train, state.step))
        order = jax.random.permutation(key_order, len(pairs.u))[: self.steps * self.batch]

        def step(state: State, inputs: tuple[Array, PRNGKeyArray]) -> tuple[State, Array]:
            rows, key = inputs
            return self.step(state, jax.tree.map(lambda leaf: leaf[rows], pairs), key)

        inputs = (order.reshape(self.steps, -1), jax.random.split(key_steps, self.steps))
        state, losses = jax.lax.scan(step, state, inputs)
        value = self.validation_loss(state.average, held_out, key_validation)
        better = value < state.best_validation
        best = jnp.where(better, state.average, state.best)
        least = jnp.where(better, value, state.best_validation)
        return state._replace(best=best, best_validation=least), (jnp.mean(losses), value)

    def run(
        self, state: State, keys: PRNGKeyArray, pairs: Batch, held_out: Batch
    ) -> tuple[State, tuple[Array, Array]]:
        """As many epochs as a call has; `keys` are that of the training and that of every validation."""
        epoch = lambda state, _: self.epoch(state, keys, pairs, held_out)  # noqa: E731
        return jax.lax.scan(epoch, state, length=self.epochs)


def fit(
    key: PRNGKeyArray,
    estimator: AbstractTrainable,
    task: AbstractTask,
    simulations: Simulations,
    training: Training,
    *,
    entry: Entry,
    report: Callable[[int, float], None] = lambda epochs, validation: None,
) -> Fit:
    """Minimise the mean of `estimator.loss` over the pairs; the parameters of the best epoch are kept.

    A validation loss that is no longer finite ends the training as `diverged`; the model is then the best
    one before, at worst the untrained one, and never holds a NaN. `report` is called with the number of
    epochs done and the best validation loss. Seconds of compiling and calls go to `entry`.
    """
    if training.whiten and isinstance(estimator, AbstractGenerator):
        raise ValueError("Expected an estimator that reads y to whiten by it; got a prior.")
    if training.symmetries and not isinstance(task, SymmetricTask):
        raise ValueError(f"Expected a task with symmetries; got {type(task).__name__}.")
    seen = {"y_scale": training.y_scale, "y_screen": training.y_screen}
    maps = Standardisation.of(task, simulations, whiten=training.whiten, **seen)
    trained(estimator, maps)  # refuses what does not go together, before any work
    num_train, num_held_out = _counts(task, len(simulations), training.validation)
    batch = min(training.batch, num_train)
    steps = num_train // batch
    training = training.capped(steps)
    parameters, static = eqx.partition(estimator, eqx.is_inexact_array)
    vector, unravel = ravel_pytree(parameters)
    model = lambda vector: eqx.combine(unravel(vector), static)  # noqa: E731
    optimiser = _optimiser(training, -(-num_train // batch))

    # Op by op this takes a second in a fresh process.
    @eqx.filter_jit(compiler_options=options(quick=True))
    def start(key: PRNGKeyArray, vector: Array, maps: Standardisation, *arrays: Array):
        key_split, *keys = jax.random.split(key, 3)
        zero, inf = jnp.zeros((), jnp.int32), jnp.asarray(jnp.inf)
        state = State(vector, vector, optimiser.init(vector), zero, vector, inf)
        return state, jnp.stack(keys), *_split(key_split, maps, *arrays, num_train, num_held_out)

    state, keys, *data = start(key, vector, maps, simulations.theta, simulations.y)
    chunk = next(n for n in range(EPOCHS_A_CALL, 0, -1) if training.epochs % n == 0)
    loop = Loop(model, task, maps, training, optimiser, batch, steps, chunk)
    quick = training.epochs * steps < QUICK_STEPS
    run = entry.compile(loop.run, state, keys, *data, quick=quick)
    train, validation = np.zeros(0, np.float32), np.zeros(0, np.float32)
    stopped = "finished"
    for _ in range(0, training.epochs, chunk):
        state, (losses, values) = run(state, keys, *data)
        train, validation = np.append(train, losses), np.append(validation, values)
        report(len(validation), float(state.best_validation))
        if not np.isfinite(validation[-1]):
            stopped = "diverged"
            break
        if len(validation) - np.nanargmin(validation) > (training.patience or training.epochs):
            stopped = "patience"
            break
    steps = len(validation) * loop.steps
    num_drawn = num_train + num_held_out - len(simulations)
    entry.count(
        Calls(
            simulator=(steps * batch if training.fresh_noise else 0) + num_drawn,
            network=steps * batch + len(validation) * num_held_out,
        )
    )
    finite = np.where(np.isfinite(validation), validation, np.inf)
    kept = trained(model(state.best), maps)
    return Fit(kept, train, validation, int(np.argmin(finite)) + 1, stopped, steps)


def _counts(task: AbstractTask, num: int, share: float) -> tuple[int, int]:
    """How many pairs are trained on, and how many are held out."""
    num_held_out = max(1, round(share * num))
    num_train = num if isinstance(task, HeldOutTask) else num - num_held_out
    if num_train < 1:
        raise ValueError(f"Expected at least 2 pairs to train on; got {num}.")
    return num_train, num_held_out


def _split(
    key: PRNGKeyArray,
    maps: Standardisation,
    theta: Array,
    y: Array,
    num_train: int,
    num_held_out: int,
) -> tuple[Batch, Batch]:
    """The pairs to train on and those held out, in a random order, as the estimator sees them."""
    if isinstance(maps.task, HeldOutTask):
        others = validation_pairs(key, maps.task, num_held_out)
        return _seen(maps, jnp.asarray(theta), jnp.asarray(y)), _seen(maps, *others)
    order = jax.random.permutation(key, len(theta))
    theta, y = jnp.asarray(theta)[order], jnp.asarray(y)[order]
    pairs = _seen(maps, theta, y)
    train, held_out = (
        Batch(*leaves) for leaves in zip(*((a[:num_train], a[num_train:]) for a in pairs))
    )
    return train, held_out


def validation_pairs(key: PRNGKeyArray, task: HeldOutTask, num: int) -> tuple[Array, Array]:
    """theta and y of examples that no training sees, nor any panel."""
    key_theta, key_y = jax.random.split(key)
    theta = task.held_out("validation").sample(key_theta, (num,))
    return theta, jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)


def _seen(maps: Standardisation, theta: Array, y: Array) -> Batch:
    return Batch(theta, y, jax.vmap(maps.theta_in)(theta, y), jax.vmap(maps.y_in)(y))


def _optimiser(training: Training, steps: int) -> optax.GradientTransformation:
    """Adam under a cosine over `steps` an epoch, which count a last truncated batch although it is not run."""
    schedule = optax.cosine_decay_schedule(
        training.learning_rate, training.epochs * steps, training.final_fraction
    )
    adam = (
        optax.adamw(schedule, weight_decay=training.weight_decay)
        if training.weight_decay > 0
        else optax.adam(schedule)
    )
    return optax.chain(optax.clip_by_global_norm(training.clip), adam)
