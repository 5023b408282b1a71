"""Rejection sampling from the prior, with three rules of acceptance.

- `Rejection`, with probability p(y | theta) / max p: exact (von Neumann, 1951).
- `KernelRejection`, with probability exp(-|A theta - y|^2 / (2 h^2)): asks for the noiseless operator alone, and is
  exact where h is the noise's own scale, since the kernel then is the noise (Wilkinson, 2013, arXiv 0811.3355).
- `BoxRejection`, where |A theta - y| < half_width: leaves the noise out, hence another distribution, too narrow.
"""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.cost import Calls
from inversion.inverted import Inverted
from inversion.references.reference import AbstractReference
from inversion.tasks.task import AbstractTask, BoundedTask, LinearTask


class AbstractRejection(AbstractReference):
    """Proposals from the prior in chunks, until `num` are accepted or `max_proposals` are spent."""

    chunk: eqx.AbstractVar[int]
    max_proposals: eqx.AbstractVar[int]

    @abc.abstractmethod
    def log_acceptance(
        self, task: AbstractTask, theta: Float[Array, " dim"], y: Float[Array, "*event"]
    ) -> Float[Array, ""]:
        """The log of the probability to keep a proposal."""

    def invert(
        self, key: PRNGKeyArray, task: AbstractTask, y: Float[Array, "*event"], num: int
    ) -> Inverted:
        def log_acceptance(theta: Array) -> Array:
            return self.log_acceptance(task, theta, y)

        theta, proposals = _accept(
            key, task, log_acceptance, num, self.chunk, self.max_proposals // self.chunk
        )
        zero = jnp.zeros(())
        return Inverted(theta, Calls(zero, proposals, zero, zero))


class Rejection(AbstractRejection):
    """Exact, for any likelihood with a bound."""

    needs = BoundedTask
    chunk: int = eqx.field(static=True)
    max_proposals: int = eqx.field(static=True)

    def __init__(self, *, chunk: int = 20_000, max_proposals: int = 1_000_000_000) -> None:
        self.chunk, self.max_proposals = chunk, max_proposals

    def log_acceptance(
        self, task: BoundedTask, theta: Float[Array, " dim"], y: Float[Array, "*event"]
    ) -> Float[Array, ""]:
        return task.log_likelihood(theta, y) - task.log_likelihood_bound(y)


class KernelRejection(AbstractRejection):
    """A Gaussian kernel of `width` noise scales around the noiseless prediction; exact at width 1."""

    needs = LinearTask
    width: float = eqx.field(static=True)
    chunk: int = eqx.field(static=True)
    max_proposals: int = eqx.field(static=True)

    def __init__(
        self, *, width: float = 1.0, chunk: int = 20_000, max_proposals: int = 1_000_000_000
    ) -> None:
        self.width, self.chunk, self.max_proposals = width, chunk, max_proposals

    def log_acceptance(
        self, task: LinearTask, theta: Float[Array, " dim"], y: Float[Array, "*event"]
    ) -> Float[Array, ""]:
        residual = (task.operator(theta) - y) / (self.width * task.noise_scale)
        return -0.5 * jnp.sum(residual**2)


class BoxRejection(AbstractRejection):
    """The noise-free rule of the original study, kept to show what it does."""

    needs = LinearTask
    half_width: float = eqx.field(static=True)
    chunk: int = eqx.field(static=True)
    max_proposals: int = eqx.field(static=True)

    def __init__(
        self, *, half_width: float, chunk: int = 20_000, max_proposals: int = 1_000_000_000
    ) -> None:
        self.half_width, self.chunk, self.max_proposals = half_width, chunk, max_proposals

    def log_acceptance(
        self, task: LinearTask, theta: Float[Array, " dim"], y: Float[Array, "*event"]
    ) -> Float[Array, ""]:
        inside = jnp.all(jnp.abs(task.operator(theta) - y) < self.half_width)
        return jnp.where(inside, 0.0, -jnp.inf)


def _accept(
    key: PRNGKeyArray,
    task: AbstractTask,
    log_acceptance: Callable[[Array], Array],
    num: int,
    chunk: int,
    max_chunks: int,
) -> tuple[Float[Array, "num dim"], Array]:
    """The first `num` accepted proposals, NaN where they ran out, and how many were proposed."""
    prior = task.prior()

    def unfinished(carry) -> Array:
        _, found, chunks = carry
        return (found < num) & (chunks < max_chunks)

    def propose(carry):
        kept, found, chunks = carry
        key_theta, key_accept = jax.random.split(jax.random.fold_in(key, chunks))
        theta = prior.sample(key_theta, (chunk,))
        log_u = jnp.log(jax.random.uniform(key_accept, (chunk,), theta.dtype))
        accepted = log_u < jax.vmap(log_acceptance)(theta)
        place = jnp.where(accepted, found + jnp.cumsum(accepted) - 1, num)
        kept = kept.at[place].set(theta, mode="drop")
        return kept, found + jnp.sum(accepted), chunks + 1

    kept = jnp.full((num, task.dim), jnp.nan)
    kept, _, chunks = jax.lax.while_loop(unfinished, propose, (kept, 0, 0))
    return kept, chunks * chunk
