"""What a splitting alternates: the prior's step and the step to the data, in the coordinates that both take place in.

For z = T(theta) the latent prior is |z|^2 / 2, whose proximal step is z / (1 + 1 / tau).

- `pulled_back`: that step between T and its inverse. It leaves log |det T'| out, and is the prior's proximal step
  only where T is an isometry up to a scale.
- `proximal`: the prior's own, argmin -log p(x) + mu |x - v|^2 / 2, by gradient steps.
- `latent`: x is z, so that the prior's step is exact, and the step to the data asks for the likelihood at T^-1(z), by
  gradient steps. Its minimum is the MAP of z, which leaves log |det T'| out as well.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from inversion.cost import Calls
from inversion.posterior import AbstractTransport
from inversion.samplers.descent import descend
from inversion.tasks.task import LinearTask, SmoothTask

Step = Callable[..., tuple[Float[Array, " dim"], Float[Array, ""]]]
Steps = Callable[..., tuple[Float[Array, "num dim"], Float[Array, " num"]]]


class Split(NamedTuple):
    """Both steps: each returns where it leads, and the length of its next inner step.

    That of the prior takes all starts at once, for which a learned map has a faster way than one by one.
    """

    enter: Callable[[Float[Array, " dim"]], Float[Array, " dim"]]  # from theta
    leave: Callable[[Float[Array, " dim"]], Float[Array, " dim"]]  # to theta
    prior_step: Steps  # of (v, where they were, mu, tau, lengths)
    fit: Step  # of (v, where it was, mu, length), for one start
    calls: Callable[[Float[Array, ""], int], Calls]  # of so many iterations, of so many starts


def pulled_back(
    task: SmoothTask, prior: AbstractTransport, y: Float[Array, "*event"], inner: int
) -> Split:
    """The latent step, pulled back."""

    def step(v, before, mu, tau, lengths):
        return prior.from_latents(shrink(prior.to_latents(v), tau)), lengths

    fit, gradients = data_fit(task, y, inner)
    zero = jnp.zeros(())

    def calls(iterations: Array, num: int) -> Calls:
        return Calls(zero, zero, iterations * gradients, 2 * iterations + num)

    return Split(_same, _same, step, fit, calls)


def proximal(
    task: SmoothTask, prior: AbstractTransport, y: Float[Array, "*event"], inner: int
) -> Split:
    """The prior's own step, from where it led last."""

    def step(v, before, mu, tau, length):
        def objective(x: Array) -> Array:
            return mu / 2 * jnp.sum((x - v) ** 2) - prior.log_prob(x, y)

        return descend(objective, before, length, inner)

    steps = jax.vmap(step, (0, 0, None, None, 0))
    fit, gradients = data_fit(task, y, inner)
    zero = jnp.zeros(())

    def calls(iterations: Array, num: int) -> Calls:
        return Calls(zero, zero, iterations * gradients, (inner + 1) * iterations + num)

    return Split(_same, _same, steps, fit, calls)


def latent(
    task: SmoothTask, prior: AbstractTransport, y: Float[Array, "*event"], inner: int
) -> Split:
    """All of it in the latent space."""

    def step(v, before, mu, tau, lengths):
        return shrink(v, tau), lengths

    def fit(v, before, mu, length):
        def objective(z: Array) -> Array:
            return mu / 2 * jnp.sum((z - v) ** 2) - task.log_likelihood(prior.from_latent(z), y)

        return descend(objective, before, length, inner)

    zero = jnp.zeros(())

    def calls(iterations: Array, num: int) -> Calls:
        return Calls(zero, zero, (inner + 1) * iterations, (inner + 1) * iterations + 3 * num)

    return Split(prior.to_latent, prior.from_latent, step, fit, calls)


PRIOR_STEPS: dict[str, Callable[..., Split]] = {
    "pulled_back": pulled_back,
    "proximal": proximal,
    "latent": latent,
}


def shrink(z: Float[Array, " dim"], tau: Float[Array, ""]) -> Float[Array, " dim"]:
    """The proximal step of |z|^2 / (2 tau)."""
    return z / (1 + 1 / tau)


def data_fit(task: SmoothTask, y: Float[Array, "*event"], inner: int = 1) -> tuple[Step, int]:
    """The step to the data, argmin -log p(y | x) + mu |x - v|^2 / 2, and the gradients that it takes.

    For a linear operator it has a closed form, by one eigendecomposition of A'A, so that mu may change at every step.
    """
    if isinstance(task, LinearTask):
        return _linear_fit(task, y), 0

    def fit(v, before, mu, length):
        def objective(x: Array) -> Array:
            return mu / 2 * jnp.sum((x - v) ** 2) - task.log_likelihood(x, y)

        return descend(objective, before, length, inner)

    return fit, inner + 1


def _linear_fit(task: LinearTask, y: Float[Array, "*event"]) -> Step:
    normal = jax.vmap(lambda theta: task.adjoint(task.operator(theta)))(jnp.eye(task.dim))
    values, vectors = jnp.linalg.eigh(normal / task.noise_scale**2)
    data = task.adjoint(y) / task.noise_scale**2

    def fit(v, before, mu, length):
        return vectors @ ((vectors.T @ (data + mu * v)) / (values + mu)), length

    return fit


def _same(x: Float[Array, " dim"]) -> Float[Array, " dim"]:
    return x
