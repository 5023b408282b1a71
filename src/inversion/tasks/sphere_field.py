"""A Gaussian random field on a sphere, seen on a latitude-longitude grid but for a region that is missing.

A stand-in for a map of anomalies of the climate: mean 0, variance 1, isotropic, with the angular power spectrum
C_l ~ (1 + l)^-exponent, so that its covariance is sum_l (2 l + 1) C_l P_l(cos angle) / (4 pi). Latitudes are the
middles of equal steps, no pole among them. The missing region is drawn anew for each y and covers a share `missing` of
the sphere's area: a `cap` whose centre is uniform on the sphere, or the gap of a slanted `orbit`, a band of longitudes
that moves on with the latitude. Given y and its mask the posterior is Gaussian.
"""

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.measured import MeasuredTask, check_noise
from inversion.tasks.operators import AbstractMask, AbstractOperator
from inversion.tasks.task import ExactTask

RANGE = 6.0  # from three standard deviations below to three above
NUGGET = (
    1e-6  # variance of its own for each place, without which the covariance is singular to rounding
)
SLANT = 0.5  # radians of longitude that an orbit moves on for each of latitude
REGIONS = ("cap", "orbit")


class SphereField(MeasuredTask, ExactTask):
    """`height` latitudes from north to south, `width` longitudes."""

    height: int = eqx.field(static=True)
    width: int = eqx.field(static=True)
    exponent: float = eqx.field(static=True)
    measure: AbstractOperator
    noise_scale: float = eqx.field(static=True)

    def __init__(
        self,
        *,
        height: int = 12,
        width: int = 24,
        exponent: float = 3.0,
        noise_scale: float = 0.1,
        region: str = "cap",
        missing: float = 0.25,
    ) -> None:
        check_noise("sphere_field", noise_scale)
        if min(height, width) < 2 or exponent < 0:
            raise ValueError(
                "Expected height and width of sphere_field of at least 2, exponent of at least 0; "
                f"got {height}, {width} and {exponent}."
            )
        self.height, self.width, self.exponent = height, width, float(exponent)
        self.noise_scale = noise_scale
        self.measure = Gap(region=region, missing=missing)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return (self.height, self.width, 1)

    @property
    def data_range(self) -> float:
        return RANGE

    @property
    def areas(self) -> Float[np.ndarray, "height width 1"]:
        weights = np.cos(grid(self.height, self.width)[0])
        return (weights / weights.mean())[..., None]

    def prior(self) -> dist.Distribution:
        _, root = _covariance(self.height, self.width, self.exponent)
        return dist.MultivariateNormal(jnp.zeros(self.dim), scale_tril=jnp.asarray(root))

    def posterior(self, y: Float[Array, "height width 2"]) -> dist.Distribution:
        """With M the mask, S = M K M + n^2 I: mean K M S^-1 y, covariance K - K M S^-1 M K."""
        values, seen = y[..., 0].ravel(), y[..., 1].ravel()
        covariance = jnp.asarray(_covariance(self.height, self.width, self.exponent)[0], y.dtype)
        cross = covariance * seen
        evidence = seen[:, None] * cross + self.noise_scale**2 * jnp.eye(self.dim)
        gain = jnp.linalg.solve(evidence, cross.T).T
        left = covariance - gain @ cross.T
        return dist.MultivariateNormal(
            gain @ (values * seen), covariance_matrix=(left + left.T) / 2
        )


class Gap(AbstractMask):
    """All of a sphere but a region."""

    region: str = eqx.field(static=True)
    missing: float = eqx.field(static=True)
    seen: Float[Array, "h w 1"] | None

    def __init__(self, *, region: str, missing: float) -> None:
        if region not in REGIONS:
            raise ValueError(f"Expected a region among {', '.join(REGIONS)}; got {region!r}.")
        if not 0 <= missing < 1:
            raise ValueError(f"Expected missing in [0, 1); got {missing}.")
        self.region, self.missing, self.seen = region, missing, None

    def draw(self, key: PRNGKeyArray, shape: tuple[int, int, int]) -> Float[Array, "h w 1"]:
        latitude, longitude = grid(*shape[:2])
        up, around = jax.random.uniform(key, (2,))
        start = 2 * jnp.pi * around
        if self.region == "orbit":
            away = jnp.mod(longitude - start - SLANT * latitude, 2 * jnp.pi)
            seen = away >= 2 * jnp.pi * self.missing
        else:
            height = 2 * up - 1  # of the centre: uniform, as areas of zones are by height
            cosine = height * np.sin(latitude) + jnp.sqrt(1 - height**2) * np.cos(latitude) * (
                jnp.cos(longitude - start)
            )
            seen = cosine < 1 - 2 * self.missing
        return seen.astype(float)[..., None]


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude of every place in radians, each (height, width)."""
    latitude = np.pi * (0.5 - (np.arange(height) + 0.5) / height)
    longitude = 2 * np.pi * np.arange(width) / width
    return np.broadcast_arrays(latitude[:, None], longitude)


@cache
def _covariance(height: int, width: int, exponent: float) -> tuple[np.ndarray, np.ndarray]:
    """The covariance of all places, and its Cholesky factor; degrees up to twice what the latitudes tell apart."""
    degrees = np.arange(2 * height + 1)
    weights = (2 * degrees + 1) * (1.0 + degrees) ** -exponent
    latitude, longitude = (x.ravel() for x in grid(height, width))
    points = np.stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ]
    )
    cosine = np.clip(points.T @ points, -1, 1)
    covariance = np.polynomial.legendre.legval(cosine, weights / weights.sum())
    covariance = (covariance + NUGGET * np.eye(len(cosine))) / (1 + NUGGET)
    return covariance, np.linalg.cholesky(covariance)
