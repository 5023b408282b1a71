"""Two moons, sbibm's `two_moons` (Greenberg et al., 2019; Lueckmann et al., 2021, T.8).

theta ~ U(-1, 1)^2, y = (r cos a + 1/4, r sin a) + (-|theta_1 + theta_2|, theta_2 - theta_1) / sqrt(2), with
a ~ U(-pi/2, pi/2) and r ~ N(0.1, 0.01^2). Given y, theta follows from the noise but for the sign of
theta_1 + theta_2, at a Jacobian of 1: the posterior is the noise seen twice, cut off where theta leaves the box.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.symmetric import SymmetricTask
from inversion.tasks.task import BoundedTask, ExactTask, LabelledTask

RADIUS, SPREAD, OFFSET = 0.1, 0.01, 0.25
BOX = dist.constraints.independent(dist.constraints.interval(-1.0, 1.0), 1)
NODES, REACH = 1000, 10  # of the rule over r, and how many spreads it reaches: to r = 0
MAX_TRIES = 10_000  # a draw not found by then is NaN: the density of y lies below 1e-3


class TwoMoons(BoundedTask, ExactTask, LabelledTask, SymmetricTask):
    """Bimodal at every y: two crescents, each the other's mirror image in theta_1 + theta_2 = 0."""

    def prior(self) -> dist.Distribution:
        return dist.Uniform(-jnp.ones(2), jnp.ones(2)).to_event(1)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "2"]) -> Float[Array, "2"]:
        return _noise(key, theta) + _shift(theta)

    def log_likelihood(self, theta: Float[Array, "2"], y: Float[Array, "2"]) -> Float[Array, ""]:
        """-inf where the half crescent around theta's shift does not reach y."""
        return _log_noise(y - _shift(theta))

    def log_likelihood_bound(self, y: Float[Array, "2"]) -> Float[Array, ""]:
        """N(r; RADIUS, SPREAD^2) / (pi r) is highest at the larger root of r^2 - RADIUS r + SPREAD^2 = 0.

        Its pole at r = 0 is left out: it is higher only where r < 1e-21.
        """
        r = (RADIUS + (RADIUS**2 - 4 * SPREAD**2) ** 0.5) / 2
        return _log_noise(jnp.asarray([OFFSET + r, 0.0], y.dtype))

    def posterior(self, y: Float[Array, "2"]) -> "Crescents":
        return Crescents(y)

    def moved(
        self, key: PRNGKeyArray, theta: Float[Array, "2"], y: Float[Array, "2"]
    ) -> tuple[Float[Array, "2"], Float[Array, "2"]]:
        """theta -> (-theta_2, -theta_1) does not show; to exchange theta_1 and theta_2 turns y_2 around."""
        other, swapped = jax.random.bernoulli(key, shape=(2,))
        theta = jnp.where(other, -theta[::-1], theta)
        return jnp.where(swapped, theta[::-1], theta), jnp.where(swapped, y * jnp.array([1, -1]), y)

    @property
    def parts(self) -> dict[str, int]:
        return {"crescent": 2}

    def labels(self, theta: Float[Array, "2"]) -> dict[str, Array]:
        """`crescent`: 0 below the line theta_1 + theta_2 = 0, 1 above."""
        return {"crescent": (theta[0] + theta[1] > 0).astype(int)}


class Crescents(dist.Distribution):
    """p(theta | y): of noise p and a sign drawn alike, theta solves y = p + shift(theta), if it lies in the box.

    Its density is that of the noise over twice the probability that drawn noise gives a theta in the box. Of a y
    that no theta explains the draws are NaN.
    """

    support = BOX
    pytree_data_fields = ("y",)

    def __init__(self, y: Float[Array, "2"]) -> None:
        self.y = y
        super().__init__(batch_shape=(), event_shape=(2,))

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        num = int(np.prod(sample_shape))
        key_sign, key_noise = jax.random.split(key)

        def propose(state: tuple[Array, Array]) -> tuple[Array, Array]:
            shift, tries = state
            new = self.y - _noise(jax.random.fold_in(key_noise, tries), jnp.zeros((num, 2)))
            new = jnp.where(_in_box(new), new, jnp.nan)
            return jnp.where(jnp.isnan(shift), new, shift), tries + 1

        def unfinished(state: tuple[Array, Array]) -> Array:
            return jnp.isnan(state[0]).any() & (state[1] < tries)

        tries = jnp.where(self.in_box() > 0, MAX_TRIES, 0)
        start = jnp.full((num, 2), jnp.nan, self.y.dtype)
        shift, _ = jax.lax.while_loop(unfinished, propose, (start, 0))
        along = jax.random.rademacher(key_sign, (num,), shift.dtype) * shift[:, 0]
        theta = jnp.stack([along - shift[:, 1], along + shift[:, 1]], axis=-1) / jnp.sqrt(2.0)
        return theta.reshape(*sample_shape, 2)

    def log_prob(self, value: Float[Array, "*batch 2"]) -> Float[Array, "*batch"]:
        log_density = _log_noise(self.y - _shift(value)) - jnp.log(2 * self.in_box())
        return jnp.where(BOX(value), log_density, -jnp.inf)

    def in_box(self) -> Float[Array, ""]:
        """The probability that noise drawn from its law gives a theta in the box; half of it is p(y).

        The angles that do are an interval less two others, given r; over r by the midpoint rule.
        """
        low, high = -REACH * SPREAD, REACH * SPREAD
        r = RADIUS + low + (high - low) * (np.arange(NODES) + 0.5) / NODES
        weight = np.exp(-0.5 * ((r - RADIUS) / SPREAD) ** 2)
        return (weight / weight.sum()) @ self._share_of_angles(jnp.asarray(r, self.y.dtype))

    def _share_of_angles(self, r: Float[Array, " nodes"]) -> Float[Array, " nodes"]:
        """Of a in (-pi/2, pi/2): r cos a >= c, and sqrt(2) r cos(a +- pi/4) <= sqrt(2) + c -+ y_2, c = y_1 - 1/4."""
        c = self.y[0] - OFFSET
        half = jnp.where(c > 0, _arccos(c / r), jnp.pi / 2)
        root = jnp.sqrt(2.0)
        left = _arccos((root + c - self.y[1]) / (root * r))
        right = _arccos((root + c + self.y[1]) / (root * r))

        quarter = jnp.pi / 4
        lows = -quarter - left, quarter - right
        highs = -quarter + left, quarter + right

        def within(low: Array, high: Array) -> Array:
            return jnp.maximum(jnp.minimum(high, half) - jnp.maximum(low, -half), 0.0)

        both = within(jnp.maximum(*lows), jnp.minimum(*highs))
        cut = within(lows[0], highs[0]) + within(lows[1], highs[1])
        return (2 * half - cut + both) / jnp.pi


def _noise(key: PRNGKeyArray, like: Float[Array, "*batch 2"]) -> Float[Array, "*batch 2"]:
    key_angle, key_radius = jax.random.split(key)
    shape = like.shape[:-1]
    a = jax.random.uniform(key_angle, shape, like.dtype, -jnp.pi / 2, jnp.pi / 2)
    r = RADIUS + SPREAD * jax.random.normal(key_radius, shape, like.dtype)
    return jnp.stack([r * jnp.cos(a) + OFFSET, r * jnp.sin(a)], axis=-1)


def _log_noise(p: Float[Array, "*batch 2"]) -> Float[Array, "*batch"]:
    """log N(r; RADIUS, SPREAD^2) - log(pi r): uniform in the angle, and r is the Jacobian of polar coordinates."""
    u, v = p[..., 0] - OFFSET, p[..., 1]
    r = jnp.sqrt(jnp.maximum(u**2 + v**2, 1e-24))
    normal = -0.5 * ((r - RADIUS) / SPREAD) ** 2 - np.log(SPREAD * np.sqrt(2 * np.pi))
    return jnp.where(u > 0, normal - jnp.log(jnp.pi * r), -jnp.inf)


def _shift(theta: Float[Array, "*batch 2"]) -> Float[Array, "*batch 2"]:
    along, across = theta[..., 0] + theta[..., 1], theta[..., 1] - theta[..., 0]
    return jnp.stack([-jnp.abs(along), across], axis=-1) / jnp.sqrt(2.0)


def _in_box(shift: Float[Array, "n 2"]) -> Array:
    """Whether a theta of the box has this shift: one column, true or false."""
    first, second = shift[:, :1], shift[:, 1:]
    return (first <= 0) & (jnp.abs(first) + jnp.abs(second) <= jnp.sqrt(2.0))


def _arccos(x: Array) -> Array:
    """Of x clipped to [-1, 1]."""
    return jnp.arccos(jnp.clip(x, -1.0, 1.0))
