"""Right on average, wrong at an observation: where an entry of y lies above a threshold, nothing more is known of it.

    q(theta | y) = p(theta | y)  where y_1 <= threshold,    p(theta | y_1 > threshold, y_2, ...)  where y_1 is above

It is the exact posterior given less, so every test that does not look at y must let it pass; but where y_1 is far
above, theta_1 is thought to be lower and less certain than it is.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.faults.fault import AbstractFault, check_kind
from inversion.tasks.gaussian_linear import GaussianLinear
from inversion.tasks.task import ExactTask


class Coarse(AbstractFault):
    """Of the linear Gaussian task; `above` is the threshold in standard deviations of y."""

    above: float = eqx.field(static=True)

    def __init__(self, *, above: float) -> None:
        self.above = above

    def posterior(self, task: ExactTask, y: Float[Array, "*event"]) -> dist.Distribution:
        check_kind(task, GaussianLinear, "the task gaussian_linear")
        return Rounded(task, y, self.above)


class Rounded(dist.Distribution):
    """The exact posterior, given of y_1 only that it is above the threshold where it is."""

    pytree_data_fields = ("task", "y")
    pytree_aux_fields = ("above",)

    def __init__(self, task: GaussianLinear, y: Float[Array, " dim"], above: float) -> None:
        self.task, self.y, self.above = task, y, above
        super().__init__(batch_shape=(), event_shape=y.shape)

    @property
    def spread(self) -> float:
        """Standard deviation of y_1."""
        return (self.task.prior_scale**2 + self.task.noise_scale**2) ** 0.5

    @property
    def inside(self) -> Array:
        return self.y[0] > self.above * self.spread

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        key_y, key_theta = jax.random.split(key)
        other = self.spread * jax.random.truncated_normal(key_y, self.above, jnp.inf, sample_shape)
        first = jnp.where(self.inside, other, self.y[0])
        base = self.task.posterior(self.y).base_dist
        shrink = self.task.prior_scale**2 / self.spread**2
        mean = jnp.broadcast_to(base.loc, (*sample_shape, *base.loc.shape))
        mean = mean.at[..., 0].set(shrink * first)
        return mean + base.scale * jax.random.normal(key_theta, mean.shape)

    def log_prob(self, value: Float[Array, "*batch dim"]) -> Float[Array, "*batch"]:
        """Of theta_1 given y_1 > t: N(theta_1; 0, prior) times P(y_1 > t | theta_1) / P(y_1 > t)."""
        each = self.task.posterior(self.y).base_dist.log_prob(value)
        first, threshold = value[..., 0], self.above * self.spread
        prior = dist.Normal(0.0, self.task.prior_scale).log_prob(first)
        reach = jax.scipy.stats.norm.logcdf((first - threshold) / self.task.noise_scale)
        rounded = prior + reach - jax.scipy.stats.norm.logcdf(-self.above)
        return jnp.where(self.inside, rounded, each[..., 0]) + each[..., 1:].sum(axis=-1)
