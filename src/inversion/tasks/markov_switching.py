"""A regression on a random walk whose slope switches between two values (cDiff, `markov_switch`).

s_y^-2 ~ Gamma(2, scale 2), s_x^-2 ~ Gamma(4, scale 1), two slopes ~ N(1, s_y^2) and N(-1, s_y^2), put in order,
p_1, p_2 ~ 0.99 Beta(30, 2), theta = (beta_1, beta_2, log s_y, log s_x, logit p_1, logit p_2) with beta_1 < beta_2.
State k of a Markov chain stays with p_k; it has made 25 steps from either state at even odds when t = 0.
x_0 = 0, x_t = x_{t-1} + s_x xi_t, y_t = (x_t, beta_{state t} x_t) + s_y e_t for n steps from t = 0.
Chen, Bansal and Scott, 2025, arXiv 2410.19105.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.blocks import Blocks
from inversion.tasks.rows import check_rows, cut
from inversion.tasks.task import AbstractTask

MOST = 0.99  # of the probability to stay
BURN_IN = 25


class MarkovSwitching(AbstractTask):
    """A series of `min_rows` to `max_rows` steps, each count as likely; walk and states are not integrated out."""

    min_rows: int = eqx.field(static=True)
    max_rows: int = eqx.field(static=True)

    def __init__(self, *, min_rows: int = 200, max_rows: int = 499) -> None:
        check_rows("markov_switching", min_rows, max_rows)
        self.min_rows, self.max_rows = min_rows, max_rows

    def prior(self) -> "SwitchingPrior":
        return SwitchingPrior()

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "6"]) -> Float[Array, "rows 2"]:
        key_rows, key_walk, key_chain, key_noise = jax.random.split(key, 4)
        slopes, (s_y, s_x), stay = theta[:2], jnp.exp(theta[2:4]), jax.nn.sigmoid(theta[4:])
        steps = jax.random.normal(key_walk, (self.max_rows,), theta.dtype).at[0].set(0)
        x = s_x * jnp.cumsum(steps)
        u = jax.random.uniform(key_chain, (self.max_rows,), theta.dtype)
        in_second = (1 - stay[0]) / (2 - stay.sum())
        in_second += (0.5 - in_second) * (stay.sum() - 1) ** BURN_IN

        def step(state: Array, u: Array) -> tuple[Array, Array]:
            state = jnp.where(u < stay[state], state, 1 - state)
            return state, state

        start = (u[0] < in_second).astype(int)
        _, states = jax.lax.scan(step, start, u[1:])
        slope = slopes[jnp.concatenate([start[None], states])]
        noise = jax.random.normal(key_noise, (self.max_rows, 2), theta.dtype)
        return cut(key_rows, jnp.stack([x, slope * x], axis=1) + s_y * noise, self.min_rows)


class SwitchingPrior(dist.Distribution):
    """Of theta as above."""

    def __init__(self) -> None:
        super().__init__(batch_shape=(), event_shape=(6,))

    @dist.constraints.dependent_property(is_discrete=False, event_dim=1)
    def support(self) -> Blocks:
        stay = dist.constraints.less_than(jnp.log(MOST / (1 - MOST)))
        return Blocks((dist.constraints.ordered_vector, 2), (dist.constraints.real, 2), (stay, 2))

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        key_y, key_x, key_slope, key_stay = jax.random.split(key, 4)
        log_y = -0.5 * jnp.log(dist.Gamma(2.0, 0.5).sample(key_y, (*sample_shape, 1)))
        log_x = -0.5 * jnp.log(dist.Gamma(4.0, 1.0).sample(key_x, (*sample_shape, 1)))
        noise = jax.random.normal(key_slope, (*sample_shape, 2))
        slopes = jnp.sort(jnp.array([1.0, -1.0]) + jnp.exp(log_y) * noise, axis=-1)
        stay = MOST * dist.Beta(30.0, 2.0).sample(key_stay, (*sample_shape, 2))
        return jnp.concatenate([slopes, log_y, log_x, jnp.log(stay) - jnp.log1p(-stay)], axis=-1)

    def log_prob(self, value: Float[Array, "*batch 6"]) -> Float[Array, "*batch"]:
        """Either of the two slopes may be the smaller; the Jacobians are 2 v of log s and stay (1 - stay) of logit."""
        low, high, log_y, log_x = (value[..., i] for i in range(4))
        up, down = (dist.Normal(mean, jnp.exp(log_y)).log_prob for mean in (1.0, -1.0))
        slopes = jnp.logaddexp(up(low) + down(high), down(low) + up(high))
        precisions = [(dist.Gamma(2.0, 0.5), log_y), (dist.Gamma(4.0, 1.0), log_x)]
        scales = sum(g.log_prob(jnp.exp(-2 * s)) - 2 * s + jnp.log(2.0) for g, s in precisions)
        stay = jax.nn.sigmoid(value[..., 4:])
        each = dist.Beta(30.0, 2.0).log_prob(stay / MOST) - jnp.log(MOST)
        return slopes + scales + jnp.sum(each + jnp.log(stay) + jnp.log1p(-stay), axis=-1)
