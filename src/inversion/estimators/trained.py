"""A trained model: an estimator with the maps between the task's theta and y and what the network sees.

Saved as one file without pickle: a line of JSON that rebuilds the structure, then the leaves.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions.transforms import biject_to

from inversion.estimators import ESTIMATORS
from inversion.estimators.estimator import AbstractTrainable
from inversion.estimators.summarised import summarised
from inversion.networks.summaries import SUMMARIES
from inversion.posterior import (
    AbstractDensity,
    AbstractPoints,
    AbstractPosterior,
    AbstractTransport,
    Points,
)
from inversion.records import Simulations, write_atomic
from inversion.registry import build
from inversion.tasks import make_task
from inversion.tasks.task import AbstractTask

FORMAT = "inversion-model-1"
EDGE = 17.0  # the logit of 1 - 2^-24: as near to the edge of its support as float32 tells apart
ROWS = 2  # axes of a y that is a set or a series: rows of columns


class Whitening(eqx.Module):
    """theta less its linear regression on y, made round: W (theta - B y), W the inverse square root of what is left.

    The residual's covariance is then the identity, so that a posterior that lies along a narrow ridge, the same for
    all y, is no longer narrow. The square root is the symmetric one, which turns theta the least.
    """

    slope: Float[np.ndarray | Array, "dim event"]
    root: Float[np.ndarray | Array, "dim dim"]
    inverse: Float[np.ndarray | Array, "dim dim"]

    @classmethod
    def of(cls, theta: Float[np.ndarray, "n dim"], y: Float[np.ndarray, "n event"]) -> "Whitening":
        """Least squares over pairs of mean 0."""
        slope = np.linalg.lstsq(y, theta, rcond=None)[0].T
        residual = theta - y @ slope.T
        variances, axes = np.linalg.eigh(residual.T @ residual / len(theta))
        scales = np.sqrt(np.maximum(variances, 1e-6 * variances[-1]))
        root, inverse = (axes * scales) @ axes.T, (axes / scales) @ axes.T
        return cls(*(matrix.astype(np.float32) for matrix in (slope, root, inverse)))

    @classmethod
    def identity(cls, dim: int, event: int) -> "Whitening":
        eye = np.eye(dim, dtype=np.float32)
        return cls(np.zeros((dim, event), np.float32), eye, eye)


class Standardisation(eqx.Module):
    """theta -> unconstrained by the prior's own support -> mean 0, standard deviation 1; y likewise scaled.

    A vector y is scaled coordinate by coordinate; one of more axes, a set, a series or an image, by its last
    axis, all rows or pixels together. Rows of NaN pad a set or a series at its end, and are added where it has fewer
    rows than the task's most, so that all lengths are one program: the network sees them as 0, and a last column
    more that is 1 in the rows that were observed and 0 in these.
    """

    task: AbstractTask = eqx.field(static=True)
    theta_mean: Float[np.ndarray | Array, " dim"]
    theta_std: Float[np.ndarray | Array, " dim"]
    y_mean: Float[np.ndarray | Array, " columns"]
    y_std: Float[np.ndarray | Array, " columns"]
    whitening: Whitening | None = None

    @classmethod
    def of(
        cls, task: AbstractTask, simulations: Simulations, *, whiten: bool = False
    ) -> "Standardisation":
        """The moments of the simulations; `whiten` needs a y that is a vector."""
        theta = np.asarray(_unconstrained(task, jnp.asarray(simulations.theta)))
        maps = cls(task, *_moments(theta), *_moments(simulations.y))
        if not whiten:
            return maps
        if simulations.y.ndim != 2:
            raise ValueError(f"Expected a vector y to whiten by; got {simulations.y.shape[1:]}.")
        u = (theta.astype(np.float64) - maps.theta_mean) / maps.theta_std
        v = (simulations.y.astype(np.float64) - maps.y_mean) / maps.y_std
        return dataclasses.replace(maps, whitening=Whitening.of(u, v))

    @classmethod
    def identity(cls, task: AbstractTask, *, whiten: bool = False) -> "Standardisation":
        """Of the right shapes, for loading."""
        dim, columns = _unconstrained_dim(task), task.event_shape[-1]
        zeros, ones = (lambda n: np.zeros(n, np.float32)), (lambda n: np.ones(n, np.float32))
        whitening = Whitening.identity(dim, columns) if whiten else None
        return cls(task, zeros(dim), ones(dim), zeros(columns), ones(columns), whitening)

    def theta_in(
        self, theta: Float[Array, " dim"], y: Float[Array, "*event"] | None = None
    ) -> Float[Array, " dim"]:
        """`y` is needed where there is whitening."""
        u = (_unconstrained(self.task, theta) - self.theta_mean) / self.theta_std
        if self.whitening is None:
            return u
        return self.whitening.inverse @ (u - self.whitening.slope @ self.y_in(y))

    def theta_out(
        self, u: Float[Array, " dim"], y: Float[Array, "*event"] | None = None
    ) -> Float[Array, " dim"]:
        """The inverse of `theta_in` at the same `y`."""
        if self.whitening is not None:
            u = self.whitening.root @ u + self.whitening.slope @ self.y_in(y)
        return _bijection(self.task)(u * self.theta_std + self.theta_mean)

    def y_in(self, y: Float[Array, "*event"]) -> Float[Array, "*seen"]:
        if y.ndim != ROWS:
            return (y - self.y_mean) / self.y_std
        most = self.task.event_shape[0]
        if not 1 <= len(y) <= most:
            raise ValueError(f"Expected an observation of 1 to {most} rows; got {len(y)}.")
        y = jnp.pad(y, ((0, most - len(y)), (0, 0)), constant_values=jnp.nan)
        v = (y - self.y_mean) / self.y_std
        observed = ~jnp.isnan(y).all(axis=-1, keepdims=True)
        return jnp.concatenate([jnp.where(observed, v, 0.0), observed.astype(v.dtype)], axis=-1)

    def log_det(self, theta: Float[Array, " dim"]) -> Float[Array, ""]:
        """log |det d theta_in / d theta|."""
        u = _unconstrained(self.task, theta)
        forward = jnp.sum(_bijection(self.task).log_abs_det_jacobian(u, theta))
        scale = jnp.sum(jnp.log(self.theta_std))
        if self.whitening is not None:
            scale += jnp.linalg.slogdet(self.whitening.root)[1]
        return -forward - scale


class Trained(AbstractPosterior):
    """A trained estimator in the task's own units."""

    estimator: AbstractTrainable
    standardisation: Standardisation

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        u = self.estimator.sample(key, self.standardisation.y_in(y), num)
        return jax.vmap(lambda u: self.standardisation.theta_out(u, y))(u)


class TrainedDensity(Trained, AbstractDensity):
    """A trained estimator whose density is known."""

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        maps = self.standardisation
        u = self.estimator.log_prob(maps.theta_in(theta, y), maps.y_in(y))
        return u + maps.log_det(theta)


class TrainedTransport(TrainedDensity, AbstractTransport):
    """A trained prior with its map to the latent space."""

    def to_latent(self, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return self.estimator.to_latent(self.standardisation.theta_in(theta))

    def from_latent(self, z: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return self.standardisation.theta_out(self.estimator.from_latent(z))


class TrainedPoints(AbstractPoints):
    """A trained mean and quantiles; the mean is NaN where the prior bounds theta, for no bijection keeps it."""

    estimator: AbstractTrainable
    standardisation: Standardisation

    def __check_init__(self) -> None:
        if self.standardisation.whitening is not None or not _by_coordinate(
            self.standardisation.task
        ):
            raise ValueError(
                "Expected theta without whitening, unconstrained coordinate by coordinate, to have "
                f"quantiles; got that of {type(self.standardisation.task).__name__}."
            )

    @property
    def levels(self) -> tuple[float, ...]:
        return self.estimator.levels

    def points(self, y: Float[Array, "*event"]) -> Points:
        maps = self.standardisation
        mean, quantiles = self.estimator.points(maps.y_in(y))
        mean = maps.theta_out(mean) if _affine(maps.task) else jnp.full_like(mean, jnp.nan)
        return Points(mean, jax.vmap(maps.theta_out)(quantiles))


def trained(
    estimator: AbstractTrainable, standardisation: Standardisation
) -> Trained | TrainedPoints:
    """What was trained in the task's own units, with all that the estimator offers."""
    if isinstance(estimator, AbstractPoints):
        return TrainedPoints(estimator, standardisation)
    kinds = {AbstractTransport: TrainedTransport, AbstractDensity: TrainedDensity}
    for interface, kind in kinds.items():
        if isinstance(estimator, interface):
            return kind(estimator, standardisation)
    return Trained(estimator, standardisation)


def make_estimator(
    key: PRNGKeyArray,
    task: AbstractTask,
    kind: str,
    network: Mapping[str, Any],
    summary: Mapping[str, Any] | None = None,
) -> AbstractTrainable:
    """The untrained estimator that a params.yaml entry describes, behind a summary network where one is given."""

    y_shape = _seen_shape(task)

    def make(key: PRNGKeyArray, y_shape: tuple[int, ...]) -> AbstractTrainable:
        dim = _unconstrained_dim(task)
        return build(ESTIMATORS, {"kind": kind, **network}, key=key, theta_dim=dim, y_shape=y_shape)

    @eqx.filter_jit  # op by op this takes seconds in a fresh process
    def behind(key: PRNGKeyArray) -> AbstractTrainable:
        if summary is None:
            return make(key, y_shape)
        key_estimator, key_summary = jax.random.split(key)
        reader = build(SUMMARIES, summary, key=key_summary, y_shape=y_shape)
        estimator = make(key_estimator, (reader.dim,))
        return (
            estimator if isinstance(estimator, AbstractTransport) else summarised(estimator, reader)
        )

    return behind(key)


def save_model(path: str | Path, model: Trained | TrainedPoints, header: Mapping[str, Any]) -> None:
    """Write the model; `header` holds `task` (a params.yaml entry), `kind`, `network`, `summary` and `whiten`."""
    line = json.dumps({"format": FORMAT, **header}, sort_keys=True) + "\n"

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            file.write(line.encode())
            eqx.tree_serialise_leaves(file, model)

    write_atomic(path, write)


def read_header(path: str | Path) -> dict[str, Any]:
    """What the model says of itself."""
    with Path(path).open("rb") as file:
        line = file.readline(1_000_000)
    try:
        header = json.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(
            f"Expected a trained model ({FORMAT}) in {path}; got another kind of file."
        )
    return header


def load_model(path: str | Path) -> Trained | TrainedPoints:
    """The model as a posterior, or its summary; a model of a user's own task needs that task's module on the path."""
    header = read_header(path)
    task = make_task(header["task"])
    with jax.enable_x64(False):  # models are float32, whoever reads them
        estimator = eqx.filter_eval_shape(
            make_estimator,
            jax.random.key(0),
            task,
            header["kind"],
            header["network"],
            header.get("summary"),
        )
    maps = Standardisation.identity(task, whiten=header.get("whiten", False))
    like = trained(estimator, maps)
    try:
        with Path(path).open("rb") as file:
            file.readline()
            model = eqx.tree_deserialise_leaves(file, like)
            rest = file.read(1)
    except Exception as error:
        raise ValueError(f"Expected the whole model in {path}; got a truncated file.") from error
    if rest:
        raise ValueError(f"Expected {path} to end with the model's last leaf; got more.")
    return model


def _bijection(task: AbstractTask):
    return biject_to(task.prior().support)


def _slopes(task: AbstractTask) -> list[np.ndarray]:
    """The Jacobian of the bijection at two points."""
    with jax.ensure_compile_time_eval():  # also while something that maps a model is compiled
        points = [jnp.full(_unconstrained_dim(task), x) for x in (-0.5, 1.0)]
        return [np.asarray(jax.jacfwd(_bijection(task))(point)) for point in points]


def _by_coordinate(task: AbstractTask) -> bool:
    """Whether the bijection moves each coordinate by itself, and upwards, as quantiles need it."""
    diagonals = [np.diagflat(np.diagonal(slope)) for slope in _slopes(task)]
    return all(
        np.array_equal(slope, diagonal) and (np.diagonal(diagonal) > 0).all()
        for slope, diagonal in zip(_slopes(task), diagonals, strict=True)
    )


def _affine(task: AbstractTask) -> bool:
    """Whether the bijection takes the mean to the mean."""
    return np.allclose(*_slopes(task))


def _unconstrained(task: AbstractTask, theta: Float[Array, "*batch dim"]) -> Array:
    """theta without bounds; one that float32 has rounded onto its bound is taken as just inside."""
    u = _bijection(task).inv(theta)
    return jnp.nan_to_num(u, nan=jnp.nan, posinf=EDGE, neginf=-EDGE)


def _unconstrained_dim(task: AbstractTask) -> int:
    return _bijection(task).inverse_shape((task.dim,))[0]


def _seen_shape(task: AbstractTask) -> tuple[int, ...]:
    """The shape of one y as the network sees it: rows have a column more, the mask."""
    event = task.event_shape
    return (*event[:-1], event[-1] + 1) if len(event) == ROWS else event


def _moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Over all axes but the last, and without what pads."""
    flat = x.reshape(-1, x.shape[-1])
    flat = flat[np.isfinite(flat).all(axis=1)]
    std = flat.std(axis=0, dtype=np.float64)
    std = np.where(std > 0, std, 1.0)
    return flat.mean(axis=0, dtype=np.float64).astype(np.float32), std.astype(np.float32)
