"""Composition: a diffusion model trained on single observations answers for n of them at once, without training anew.

p(theta | y_1 .. y_n) is proportional to p(theta)^(1 - n) prod_i p(theta | y_i). Geffner, Papamakarios and Mnih, 2023,
add the scores along a bridge and need Langevin steps; Linhart et al., 2024, correct by the Jacobians, so that what is
exact for Gaussians, at every level of noise, can be drawn by any solver.
"""

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators import ESTIMATORS
from inversion.estimators.denoising import Denoiser, circle
from inversion.estimators.diffusion import Diffusion
from inversion.estimators.estimator import AbstractEstimator
from inversion.registry import build

FORMS = ("jacobian", "bridge", "sum")
PRIORS = ("learned", "gaussian")
LEAST = 0.01
ROWS = 2  # axes of a y of many rows


class Composed(AbstractEstimator):
    """Of a y of rows, each an observation of its own given theta; rows that are not observed are masked.

    `single` is an entry of kind diffusion. `form`: `jacobian`; `bridge`, by `langevin` steps at each of its levels;
    `sum`, the plain sum of scores by the solver, far off from a few rows on, kept to show it. `prior`: `learned`, by
    `single`'s dropping of the observation, or `gaussian`, the exact score of N(0, I), right where the task's
    prior is Gaussian, since theta is standardised. The bridge ends at `least`, a ratio of noise to signal, small
    beside the spread of one posterior: nearer to none, what a network gets wrong is divided by that ratio.
    """

    single: Diffusion
    form: str = eqx.field(static=True)
    prior: str = eqx.field(static=True)
    langevin: int = eqx.field(static=True)
    step: float = eqx.field(static=True)
    least: float = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        single: Mapping[str, Any],
        form: str = "jacobian",
        prior: str = "learned",
        langevin: int = 5,
        step: float = 0.5,
        least: float = 0.1,
    ) -> None:
        for what, name, names in (("form", form, FORMS), ("prior", prior, PRIORS)):
            if name not in names:
                raise ValueError(f"Expected a {what} among {', '.join(names)}; got {name!r}.")
        if len(y_shape) != ROWS:
            raise ValueError(
                f"Expected observations of rows to compose; got a y of shape {y_shape}."
            )
        y_shape = (y_shape[1] - 1,)
        self.single = build(ESTIMATORS, single, key=key, theta_dim=theta_dim, y_shape=y_shape)
        if not isinstance(self.single, Diffusion):
            raise ValueError(f"Expected a single of kind 'diffusion'; got {single['kind']!r}.")
        if prior == "learned" and not self.single.drop:
            raise ValueError("Expected drop above 0 for a learned prior; got 0.")
        if not 0 < least < self.single.schedule.sigma_max:
            most = self.single.schedule.sigma_max
            raise ValueError(f"Expected least between 0 and {most:g}; got {least}.")
        self.form, self.prior = form, prior
        self.langevin, self.step, self.least = langevin, step, least

    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "rows columns"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        key_row, key = jax.random.split(key)
        return self.single.loss(theta, _a_row(key_row, y), key=key, progress=progress)

    def batch_loss(
        self,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n rows columns"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        key_row, key = jax.random.split(key)
        rows = jax.vmap(_a_row)(jax.random.split(key_row, len(y)), y)
        return self.single.batch_loss(theta, rows, key=key, progress=progress)

    def validation_loss(
        self, theta: Float[Array, " dim"], y: Float[Array, "rows columns"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        key_row, key = jax.random.split(key)
        return self.single.validation_loss(theta, _a_row(key_row, y), key=key)

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "rows columns"], num: int
    ) -> Float[Array, "num dim"]:
        rows, observed = y[:, :-1], y[:, -1]
        each = lambda z, ratio: jax.vmap(lambda row: self.single.denoiser(row)(z, ratio))(rows)  # noqa: E731
        prior = self.single.denoiser(None) if self.prior == "learned" else gaussian
        if self.form == "bridge":
            walk = lambda noise, key: bridge(  # noqa: E731
                key,
                each,
                prior,
                observed,
                noise,
                between=(self.single.schedule.sigma_max, self.least),
                levels=self.single.steps,
                langevin=self.langevin,
                step=self.step,
            )
            key_noise, key = jax.random.split(key)
            noise = jax.random.normal(key_noise, (num, self.single.dim))
            return jax.lax.map(
                lambda pair: walk(*pair), (noise, jax.random.split(key, num)), batch_size=500
            )
        compose = by_jacobians if self.form == "jacobian" else by_sum
        return self.single.draw(key, compose(each, prior, observed), num)


def gaussian(z: Float[Array, " dim"], ratio: Float[Array, ""]) -> Float[Array, " dim"]:
    """The denoiser of N(0, I)."""
    return circle(ratio)[0] * z


def by_sum(
    each: Callable[[Array, Array], Array], prior: Denoiser, observed: Float[Array, " rows"]
) -> Denoiser:
    """The denoiser of score (1 - n) s_prior + sum_i s_i; scores and denoised differ by what sums to one."""

    def composed(z: Float[Array, " dim"], ratio: Float[Array, ""]) -> Float[Array, " dim"]:
        return observed @ each(z, ratio) + (1 - observed.sum()) * prior(z, ratio)

    return composed


def by_jacobians(
    each: Callable[[Array, Array], Array], prior: Denoiser, observed: Float[Array, " rows"]
) -> Denoiser:
    """The mean of a product of Gaussians, each of the denoised mean and the covariance its Jacobian gives.

    Linhart et al., 2024, equation 12 and Tweedie's second formula: cov(theta | z) = sigma^2 / alpha d x / d z. The
    variances are kept below that of the standardised prior, if it were Gaussian, and above LEAST of it, and the
    product is kept as narrow as that prior: a network's slopes may be anything where noise is nearly all there is.
    """

    def moments(function: Denoiser, z: Array, ratio: Array) -> tuple[Array, Array]:
        """Denoised means and precisions."""
        mean, along = jax.linearize(lambda z: function(z, ratio), z)
        slopes = jax.vmap(along)(
            jnp.eye(len(z))
        )  # d of the mean along each axis of z, which comes first
        slopes = jnp.moveaxis(slopes, 0, -1) * ratio**2 / jnp.sqrt(1 + ratio**2)
        most = _prior_variance(ratio)
        return mean, _inverse(slopes, LEAST * most, most)

    def composed(z: Float[Array, " dim"], ratio: Float[Array, ""]) -> Float[Array, " dim"]:
        means, precisions = moments(each, z, ratio)
        mean, precision = moments(prior, z, ratio)
        others = 1 - observed.sum()
        total = jnp.einsum("r,rij->ij", observed, precisions) + others * precision
        covariance = _inverse(total, 1 / _prior_variance(ratio), jnp.inf)
        weighted = jnp.einsum("r,rij,rj->i", observed, precisions, means)
        return covariance @ (weighted + others * precision @ mean)

    return composed


def _prior_variance(ratio: Float[Array, ""]) -> Float[Array, ""]:
    """Of theta given z, where theta ~ N(0, 1)."""
    return ratio**2 / (1 + ratio**2)


def _inverse(
    matrix: Float[Array, "*batch dim dim"], least: Array, most: Array | float
) -> Float[Array, "*batch dim dim"]:
    """Of the symmetric part, from L D L' with the entries of D first brought between the bounds.

    Written out entry by entry, which for a few dimensions is many times faster than a call for each matrix.
    """
    dim = matrix.shape[-1]
    rows = [[0.5 * (matrix[..., i, j] + matrix[..., j, i]) for j in range(dim)] for i in range(dim)]
    zero, one = jnp.zeros_like(rows[0][0]), jnp.ones_like(rows[0][0])
    undone = [[one if i == j else zero for j in range(dim)] for i in range(dim)]  # L^-1
    pivots = []
    for k in range(dim):
        pivots.append(jnp.clip(rows[k][k], least, most))
        factors = [rows[i][k] / pivots[k] for i in range(dim)]
        for i in range(k + 1, dim):
            for j in range(k + 1, dim):
                rows[i][j] = rows[i][j] - factors[i] * rows[k][j]
            for j in range(k + 1):
                undone[i][j] = undone[i][j] - factors[i] * undone[k][j]
    scaled = jnp.stack([jnp.stack(row, -1) for row in undone], -2)
    return jnp.swapaxes(scaled, -1, -2) @ (scaled / jnp.stack(pivots, -1)[..., :, None])


def bridge(
    key: PRNGKeyArray,
    each: Callable[[Array, Array], Array],
    prior: Denoiser,
    observed: Float[Array, " rows"],
    noise: Float[Array, " dim"],
    *,
    between: tuple[float, float],
    levels: int,
    langevin: int,
    step: float,
) -> Float[Array, " dim"]:
    """One draw by unadjusted Langevin steps from level to level (Geffner, Papamakarios and Mnih, 2023, algorithm 1).

    The bridge's score at time t is (1 - n)(1 - t) s_prior + sum_i s_i: at t = 1 the product of n laws that are
    all N(0, I), at t = 0 the posterior, but for the noise that each of the n still has. The ratio of noise to signal
    falls `between` two levels, evenly in its logarithm. A step lasts `step` of the time in which the Gaussian whose
    covariance the score's slope gives forgets where it was, in every direction; for that Gaussian it is exact.
    """
    num = jnp.maximum(observed.sum(), 1.0)
    first, last = between

    def at(z: Array, time: Array) -> tuple[Array, None]:
        ratio = last * (first / last) ** time
        alpha, sigma = circle(ratio)

        def score(z: Array) -> Array:
            means, mean = each(z, ratio), prior(z, ratio)
            of = lambda x: (alpha * x - z) / sigma**2  # noqa: E731
            return observed @ jax.vmap(of)(means) + (1 - num) * (1 - time) * of(mean)

        slope = jax.jacfwd(score)(z)
        precisions, axes = jnp.linalg.eigh(-0.5 * (slope + slope.T))
        scales = axes / jnp.sqrt(
            jnp.maximum(precisions, 1.0)
        )  # times its transpose, the covariance
        moved, kicked = 1 - jnp.exp(-step), jnp.sqrt(1 - jnp.exp(-2 * step))

        def walk(z: Array, key: PRNGKeyArray) -> tuple[Array, None]:
            kick = jax.random.normal(key, z.shape, z.dtype)
            return z + scales @ (moved * scales.T @ score(z) + kicked * kick), None

        key_of_level = jax.random.fold_in(key, jnp.round(time * levels).astype(int))
        return jax.lax.scan(walk, z, jax.random.split(key_of_level, langevin))[0], None

    times = jnp.linspace(1.0, 0.0, levels, dtype=noise.dtype)
    z, _ = jax.lax.scan(at, noise / jnp.sqrt(num), times)
    return z / circle(last)[0]


def _a_row(key: PRNGKeyArray, y: Float[Array, "rows columns"]) -> Float[Array, " event"]:
    """One of the rows that were observed."""
    return y[jax.random.categorical(key, jnp.log(y[:, -1])), :-1]
