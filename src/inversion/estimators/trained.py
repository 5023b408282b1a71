"""A trained model: an estimator with the maps between the task's theta and y and what the network sees.

Saved as one file without pickle: a line of JSON that rebuilds the structure, then the leaves.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.compiling import options
from inversion.estimators import ESTIMATORS
from inversion.estimators.estimator import AbstractTrainable
from inversion.estimators.standardisation import (
    ROWS,
    Standardisation,
    bijection,
    unconstrained_dim,
)
from inversion.estimators.summarised import summarised
from inversion.networks.backbones.backbone import with_image_shape
from inversion.networks.summaries import SUMMARIES
from inversion.posterior import (
    AbstractDenoiser,
    AbstractDensity,
    AbstractGenerator,
    AbstractPoints,
    AbstractPosterior,
    AbstractTransport,
    Points,
)
from inversion.records import write_atomic
from inversion.registry import build
from inversion.tasks import make_task
from inversion.tasks.image import ImageTask
from inversion.tasks.task import AbstractTask

FORMAT = "inversion-model-1"


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


class TrainedGenerator(Trained, AbstractGenerator):
    """A trained prior with its map from the latent space."""

    def from_latent(self, z: Float[Array, " latent"]) -> Float[Array, " dim"]:
        return self.standardisation.theta_out(self.estimator.from_latent(z))

    def latents(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num latent"]:
        return self.estimator.latents(key, self.standardisation.y_in(y), num)


class TrainedTransport(TrainedDensity, AbstractTransport):
    """A trained prior with its map to the latent space and back."""

    def to_latent(self, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return self.estimator.to_latent(self.standardisation.theta_in(theta))

    def from_latent(self, z: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return self.standardisation.theta_out(self.estimator.from_latent(z))

    def to_latents(self, theta: Float[Array, "num dim"]) -> Float[Array, "num dim"]:
        return self.estimator.to_latents(jax.vmap(self.standardisation.theta_in)(theta))

    def from_latents(self, z: Float[Array, "num dim"]) -> Float[Array, "num dim"]:
        return jax.vmap(self.standardisation.theta_out)(self.estimator.from_latents(z))


class TrainedDenoiser(TrainedDensity, AbstractDenoiser):
    """A trained prior as a denoiser: noise that is white where theta is standardised, so of the scale of theta_std.

    Of an image, whose pixels share one standard deviation, it is white as it stands.
    """

    def __check_init__(self) -> None:
        task = self.standardisation.task
        if self.standardisation.whitening is not None or not _affine(task):
            raise ValueError(
                "Expected theta without bounds, and without whitening by y, for a prior that takes noise out; "
                f"got that of {type(task).__name__}."
            )

    @property
    def centre(self) -> Float[Array, " dim"]:
        return jnp.asarray(self.standardisation.theta_mean)

    @property
    def spread(self) -> Float[Array, ""]:
        return jnp.exp(jnp.mean(jnp.log(self.standardisation.theta_std)))

    @property
    def scale(self) -> Float[Array, " dim"]:
        return self.standardisation.theta_std / self.spread

    @property
    def levels(self) -> tuple[Float[Array, ""], Float[Array, ""]]:
        least, most = self.estimator.levels
        return self.spread * least, self.spread * most

    def denoised(self, z: Float[Array, " dim"], sigma: Float[Array, ""]) -> Float[Array, " dim"]:
        maps = self.standardisation
        u = (z - maps.theta_mean) / maps.theta_std
        return maps.theta_std * self.estimator.denoised(u, sigma / self.spread) + maps.theta_mean


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
    kinds = {
        AbstractTransport: TrainedTransport,
        AbstractDenoiser: TrainedDenoiser,
        AbstractDensity: TrainedDensity,
        AbstractGenerator: TrainedGenerator,
    }
    for interface, kind in kinds.items():
        if isinstance(estimator, interface):
            return kind(estimator, standardisation)
    return Trained(estimator, standardisation)


def initialiser(
    task: AbstractTask,
    kind: str,
    network: Mapping[str, Any],
    summary: Mapping[str, Any] | None = None,
) -> Callable[[PRNGKeyArray], AbstractTrainable]:
    """What makes the estimator that a params.yaml entry describes, behind a summary network where one is given."""
    y_shape = _seen_shape(task)
    if isinstance(task, ImageTask):
        network = with_image_shape(network, task.image_shape)

    def make(key: PRNGKeyArray, y_shape: tuple[int, ...]) -> AbstractTrainable:
        dim = unconstrained_dim(task)
        return build(ESTIMATORS, {"kind": kind, **network}, key=key, theta_dim=dim, y_shape=y_shape)

    def make_behind_summary(key: PRNGKeyArray) -> AbstractTrainable:
        key_estimator, key_summary = jax.random.split(key)
        reader = build(SUMMARIES, summary, key=key_summary, y_shape=y_shape)
        estimator = make(key_estimator, (reader.dim,))
        prior = isinstance(estimator, (AbstractGenerator, AbstractDenoiser))
        return estimator if prior else summarised(estimator, reader)

    return make_behind_summary if summary else lambda key: make(key, y_shape)


def make_estimator(
    key: PRNGKeyArray,
    task: AbstractTask,
    kind: str,
    network: Mapping[str, Any],
    summary: Mapping[str, Any] | None = None,
) -> AbstractTrainable:
    """The untrained estimator that `initialiser` makes, compiled: op by op it takes seconds in a fresh process."""
    make = initialiser(task, kind, network, summary)
    return eqx.filter_jit(make, compiler_options=options(quick=True))(key)


def estimator_like(
    task: AbstractTask, header: Mapping[str, Any], network: Mapping[str, Any]
) -> AbstractTrainable:
    """The estimator of a model's header with these settings of its network, shapes in place of arrays."""
    make = initialiser(task, header["kind"], network, header.get("summary"))
    with jax.enable_x64(False):  # models are float32, whoever reads them
        return eqx.filter_eval_shape(make, jax.random.key(0))


def save_model(path: str | Path, model: Trained | TrainedPoints, header: Mapping[str, Any]) -> None:
    """Write the model; `header` has `task`, `kind`, `network`, `summary`, `whiten`, `y_scale`, as in params.yaml."""
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
    estimator = estimator_like(task, header, header["network"])
    settings = {name: header[name] for name in ("whiten", "y_scale") if name in header}
    maps = Standardisation.identity(task, **settings)
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


def _slopes(task: AbstractTask) -> list[np.ndarray]:
    """The Jacobian of the bijection at two points."""
    with jax.ensure_compile_time_eval():  # also while something that maps a model is compiled
        points = [jnp.full(unconstrained_dim(task), x) for x in (-0.5, 1.0)]
        return [np.asarray(jax.jacfwd(bijection(task))(point)) for point in points]


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


def _seen_shape(task: AbstractTask) -> tuple[int, ...]:
    """The shape of one y as the network sees it: rows have a column more, the mask."""
    event = task.event_shape
    return (*event[:-1], event[-1] + 1) if len(event) == ROWS else event
