"""What consistency models share: draws in few steps, and the energy score that picks an epoch."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.estimator import AbstractEstimator
from inversion.estimators.from_noise import from_noise, stratified

VALIDATION_DRAWS = 8  # for each pair that is held out


def energy_score(draws: Float[Array, "num dim"], theta: Float[Array, " dim"]) -> Float[Array, ""]:
    """E|X - theta| - E|X - X'| / 2 without bias: a proper score (Gneiting and Raftery, 2007), the least the best."""
    num = len(draws)
    apart = draws[:, None] - draws
    # The square root has no slope at 0, which a draw is from itself.
    squares = jnp.where(jnp.eye(num, dtype=bool), 1.0, jnp.sum(apart**2, axis=-1))
    spread = jnp.sum(jnp.sqrt(squares)) - num
    return jnp.mean(jnp.linalg.norm(draws - theta, axis=-1)) - 0.5 * spread / (num * (num - 1))


def karras(
    share: Float[Array, "*shape"], low: float, high: float, rho: float
) -> Float[Array, "*shape"]:
    """Levels of noise from `low` at 0 to `high` at 1 (Karras et al., 2022, equation 5)."""
    low, high = low ** (1 / rho), high ** (1 / rho)
    return (low + share * (high - low)) ** rho


class AbstractConsistency(AbstractEstimator):
    """Draws by `steps` maps from noise to theta, with fresh noise, of less and less size, between them.

    The loss is no measure of the draws, for its teacher moves with it; the best epoch is picked by their energy score.
    To write one, give `loss_at` and `step`.
    """

    dim: eqx.AbstractVar[int]
    steps: eqx.AbstractVar[int]
    eps: eqx.AbstractVar[float]
    max_time: eqx.AbstractVar[float]
    rho: eqx.AbstractVar[float]

    @property
    def passes(self) -> int:
        return self.steps

    @abc.abstractmethod
    def loss_at(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        share: Float[Array, ""],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        """The objective at the level of noise below which this share of the training lies."""

    @abc.abstractmethod
    def step(
        self,
        theta: Float[Array, " dim"],
        noise: Float[Array, " dim"],
        level: Float[Array, ""],
        y: Float[Array, "*event"],
    ) -> Float[Array, " dim"]:
        """theta noised to `level`, the ratio of noise to signal, and mapped back."""

    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        key_share, key_loss = jax.random.split(key)
        share = stratified(key_share, 1, theta.dtype)[0]
        return self.loss_at(theta, y, share, key=key_loss, progress=progress)

    def batch_loss(
        self,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n *event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        """With levels that are spread evenly over the batch."""
        key_share, key_loss = jax.random.split(key)
        shares = stratified(key_share, len(theta), theta.dtype)
        keys = jax.random.split(key_loss, len(theta))
        one = lambda t, y, s, k: self.loss_at(t, y, s, key=k, progress=progress)  # noqa: E731
        return jnp.mean(jax.vmap(one)(theta, y, shares, keys))

    def validation_loss(
        self, theta: Float[Array, " dim"], y: Float[Array, "*event"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        return energy_score(self.sample(key, y, VALIDATION_DRAWS), theta)

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        shares = 1 - jnp.arange(self.steps, dtype=y.dtype) / self.steps
        levels = karras(shares, self.eps, self.max_time, self.rho)
        over = jax.vmap(lambda theta, noise, level: self.step(theta, noise, level, y), (0, 0, None))

        def carry(noise: Array, key: PRNGKeyArray) -> Array:
            theta = over(jnp.zeros_like(noise), noise, levels[0])

            def again(theta: Array, inputs: tuple[Array, PRNGKeyArray]) -> tuple[Array, None]:
                level, key = inputs
                fresh = jax.random.normal(key, theta.shape, theta.dtype)
                return over(theta, fresh, level), None

            if self.steps == 1:
                return theta
            keys = jax.random.split(key, self.steps - 1)
            return jax.lax.scan(again, theta, (levels[1:], keys))[0]

        return from_noise(*jax.random.split(key), carry, num, self.dim)
