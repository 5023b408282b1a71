"""The maps between the task's theta and y and what the network sees."""

import dataclasses
import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpyro.distributions.transforms import biject_to

from inversion.estimators.screening import informative_columns
from inversion.estimators.whitening import AbstractWhitening, SpectralWhitening, Whitening
from inversion.records import Simulations
from inversion.tasks.image import ImageTask
from inversion.tasks.task import AbstractTask

EDGE = 17.0  # the logit of 1 - 2^-24: as near to the edge of its support as float32 tells apart
ROWS = 2  # axes of a y that is a set or a series: rows of columns
LEAST = float(np.finfo(np.float32).tiny)  # what a logarithm takes a number for that is not positive
Y_SCALES = {
    "linear": lambda y: y,
    "log": lambda y: jnp.log(jnp.maximum(y, LEAST)),
    "asinh": jnp.arcsinh,
}


class Standardisation(eqx.Module):
    """theta -> unconstrained by the prior's own support -> mean 0, standard deviation 1; y likewise scaled.

    A vector y is scaled coordinate by coordinate; one of more axes, a set, a series or an image, by its last
    axis, all rows or pixels together; an image's mask stays as it is. So is a theta that is an image, by its channels,
    which leaves white noise white. Rows of NaN pad a set or a series at its end, and are added where it has fewer
    rows than the task's most, so that all lengths are one program: the network sees them as 0, and a last column
    more that is 1 in the rows that were observed and 0 in these.

    `y_scale` maps every number of y first: `log` where y is positive and spans orders of magnitude, `asinh`, which is
    y below 1 and sign(y) log|2y| above, where it is a count, may be negative, or has heavy tails.
    `y_screen` is the level of the test by which a number of y is seen at all (`screening`): the standard deviation
    of one that says nothing is kept as infinite, so that the network sees 0.
    """

    task: AbstractTask = eqx.field(static=True)
    theta_mean: Float[np.ndarray | Array, " dim"]
    theta_std: Float[np.ndarray | Array, " dim"]
    y_mean: Float[np.ndarray | Array, " columns"]
    y_std: Float[np.ndarray | Array, " columns"]
    whitening: AbstractWhitening | None = None
    y_scale: str = eqx.field(static=True, default="linear")

    @classmethod
    def of(
        cls,
        task: AbstractTask,
        simulations: Simulations,
        *,
        whiten: bool = False,
        y_scale: str = "linear",
        y_screen: float | None = None,
    ) -> "Standardisation":
        """The moments of the simulations.

        `log` needs a positive y, `whiten` a vector or an image of theta's sides, `y_screen` a vector.
        """
        theta = np.asarray(_unconstrained(task, jnp.asarray(simulations.theta)))
        if y_scale == "log" and (simulations.y <= 0).any():
            least = np.nanmin(simulations.y)
            raise ValueError(f"Expected positive y for its logarithm; got {least}, try asinh.")
        y = np.asarray(Y_SCALES[y_scale](simulations.y))
        y_mean, y_std = _y_moments(task, y)
        if y_screen is not None:
            y_std = np.where(_seen(theta, y, y_screen), y_std, np.float32(np.inf))
        maps = cls(task, *_theta_moments(task, theta), y_mean, y_std, y_scale=y_scale)
        if not whiten:
            return maps
        u = (theta.astype(np.float64) - maps.theta_mean) / maps.theta_std
        v = (y.astype(np.float64) - maps.y_mean) / maps.y_std
        return dataclasses.replace(maps, whitening=_whitening(task, u, v))

    @classmethod
    def identity(
        cls, task: AbstractTask, *, whiten: bool = False, y_scale: str = "linear"
    ) -> "Standardisation":
        """Of the right shapes, for loading."""
        dim, columns = unconstrained_dim(task), task.event_shape[-1]
        zeros, ones = (lambda n: np.zeros(n, np.float32)), (lambda n: np.ones(n, np.float32))
        whitening = _unwhitened(task, dim, columns) if whiten else None
        return cls(task, zeros(dim), ones(dim), zeros(columns), ones(columns), whitening, y_scale)

    def theta_in(
        self, theta: Float[Array, " dim"], y: Float[Array, "*event"] | None = None
    ) -> Float[Array, " dim"]:
        """`y` is needed where there is whitening."""
        u = (_unconstrained(self.task, theta) - self.theta_mean) / self.theta_std
        if self.whitening is None:
            return u
        return self.whitening.white(u, self.y_in(y))

    def theta_out(
        self, u: Float[Array, " dim"], y: Float[Array, "*event"] | None = None
    ) -> Float[Array, " dim"]:
        """The inverse of `theta_in` at the same `y`."""
        if self.whitening is not None:
            u = self.whitening.coloured(u, self.y_in(y))
        return bijection(self.task)(u * self.theta_std + self.theta_mean)

    def y_in(self, y: Float[Array, "*event"]) -> Float[Array, "*seen"]:
        if y.ndim != ROWS:
            return (Y_SCALES[self.y_scale](y) - self.y_mean) / self.y_std
        most = self.task.event_shape[0]
        if not 1 <= len(y) <= most:
            raise ValueError(f"Expected an observation of 1 to {most} rows; got {len(y)}.")
        y = jnp.pad(y, ((0, most - len(y)), (0, 0)), constant_values=jnp.nan)
        v = (Y_SCALES[self.y_scale](y) - self.y_mean) / self.y_std
        observed = ~jnp.isnan(y).all(axis=-1, keepdims=True)
        return jnp.concatenate([jnp.where(observed, v, 0.0), observed.astype(v.dtype)], axis=-1)

    def log_det(self, theta: Float[Array, " dim"]) -> Float[Array, ""]:
        """log |det d theta_in / d theta|."""
        u = _unconstrained(self.task, theta)
        forward = jnp.sum(bijection(self.task).log_abs_det_jacobian(u, theta))
        scale = jnp.sum(jnp.log(self.theta_std))
        if self.whitening is not None:
            scale += self.whitening.log_det
        return -forward - scale


def bijection(task: AbstractTask):
    return biject_to(task.prior().support)


def _unconstrained(task: AbstractTask, theta: Float[Array, "*batch dim"]) -> Array:
    """theta without bounds; one that float32 has rounded onto its bound is taken as just inside."""
    u = bijection(task).inv(theta)
    return jnp.nan_to_num(u, nan=jnp.nan, posinf=EDGE, neginf=-EDGE)


def unconstrained_dim(task: AbstractTask) -> int:
    return bijection(task).inverse_shape((task.dim,))[0]


def _theta_moments(task: AbstractTask, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each coordinate; of an image's pixels those of their channel."""
    if not isinstance(task, ImageTask):
        return _moments(theta)
    *sides, channels = task.image_shape
    mean, std = _moments(theta.reshape(-1, channels))
    return np.tile(mean, math.prod(sides)), np.tile(std, math.prod(sides))


def _y_moments(task: AbstractTask, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each column or channel; a mask is neither moved nor scaled."""
    mean, std = _moments(y)
    if isinstance(task, ImageTask) and task.masked:
        mean[-1], std[-1] = 0.0, 1.0
    return mean, std


def _seen(theta: np.ndarray, y: np.ndarray, level: float) -> np.ndarray:
    """The columns of y that pass the screening."""
    if y.ndim != 2:
        raise ValueError(f"Expected a vector y to screen; got one of shape {y.shape[1:]}.")
    seen = informative_columns(theta, y, level)
    if not seen.any():
        raise ValueError(
            f"Expected a number of y that depends on theta; none of {y.shape[1]} passes at level {level}."
        )
    return seen


def _moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Over all axes but the last, and without what pads."""
    flat = x.reshape(-1, x.shape[-1])
    flat = flat[np.isfinite(flat).all(axis=1)]
    std = flat.std(axis=0, dtype=np.float64)
    std = np.where(std > 0, std, 1.0)
    return flat.mean(axis=0, dtype=np.float64).astype(np.float32), std.astype(np.float32)


def _whitening(task: AbstractTask, u: np.ndarray, v: np.ndarray) -> AbstractWhitening:
    if v.ndim == 2:
        return Whitening.of(u, v)
    if isinstance(task, ImageTask) and v.shape[1:3] == task.image_shape[:2]:
        return SpectralWhitening.of(u, v)
    raise ValueError(
        f"Expected a vector y to whiten by, or an image of theta's sides; got one of shape {v.shape[1:]}."
    )


def _unwhitened(task: AbstractTask, dim: int, columns: int) -> AbstractWhitening:
    """Of the shapes that `_whitening` has."""
    if not isinstance(task, ImageTask) or len(task.event_shape) == 1:
        return Whitening.identity(dim, columns)
    height, width, channels = task.image_shape
    return SpectralWhitening.identity((height, width), channels, columns)
