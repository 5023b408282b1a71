"""What passes between the verbs: frozen records of arrays, saved as npz and checked when they are read."""

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from jaxtyping import Bool, Float, Int


def write_atomic(path: str | Path, write: Callable[[Path], None]) -> None:
    """Write to a temporary name beside `path` and rename, so that no reader ever sees half a file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@dataclass(frozen=True)
class Record:
    """Arrays with one meaning; a field that may be None is optional in the file as well."""

    def save(self, path: str | Path) -> None:
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        arrays = {name: np.asarray(value) for name, value in arrays.items() if value is not None}

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez(file, **arrays)

        write_atomic(path, write)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        required = [f.name for f in fields(cls) if f.default is not None]
        try:
            with Path(path).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise ValueError(f"Expected {path} to be a whole npz file; got: {error}.") from error
        known = {f.name for f in fields(cls)}
        if not set(required) <= set(arrays) <= known:
            raise ValueError(
                f"Expected {cls.__name__} with {', '.join(required)} in {path}; "
                f"got {', '.join(arrays) or 'nothing'}."
            )
        return cls(**arrays)


@dataclass(frozen=True)
class Simulations(Record):
    """Pairs from the joint distribution; a y of fewer rows than others is padded with rows of NaN, and then
    `length` counts the rows of each."""

    theta: Float[np.ndarray, "n dim"]
    y: Float[np.ndarray, "n *event"]
    length: Int[np.ndarray, " n"] | None = None

    def __post_init__(self) -> None:
        if len(self.theta) != len(self.y):
            raise ValueError(
                f"Expected as many theta as y; got {len(self.theta)} and {len(self.y)}."
            )

    def __len__(self) -> int:
        return len(self.theta)

    def head(self, num: int) -> Self:
        """The first `num` pairs."""
        length = None if self.length is None else self.length[:num]
        return type(self)(self.theta[:num], self.y[:num], length)


@dataclass(frozen=True)
class Draws(Record):
    """Draws of theta for each observation, with what made the observations where it is known.

    `log_prob` is the method's own density of its draws, `log_prob_true` of `theta_true`, which is NaN
    where an observation has no true parameter. A method without draws has none in `theta`, and in their place
    `mean` and the `quantiles` at `levels`.
    """

    theta_true: Float[np.ndarray, "obs dim"]
    y: Float[np.ndarray, "obs *event"]
    theta: Float[np.ndarray, "obs draw dim"]
    log_prob: Float[np.ndarray, "obs draw"] | None = None
    log_prob_true: Float[np.ndarray, " obs"] | None = None
    mean: Float[np.ndarray, "obs dim"] | None = None
    quantiles: Float[np.ndarray, "obs level dim"] | None = None
    levels: Float[np.ndarray, " level"] | None = None

    def __post_init__(self) -> None:
        obs, dim = self.theta_true.shape
        if self.theta.ndim != 3 or self.theta.shape[0] != obs or self.theta.shape[2] != dim:
            raise ValueError(
                f"Expected theta of shape ({obs}, draw, {dim}); got {self.theta.shape}."
            )


def padded(y: Float[np.ndarray, "rows columns"], most: int) -> Float[np.ndarray, "most columns"]:
    """One set or series with rows of NaN at its end, so that all have `most`."""
    if not 1 <= len(y) <= most:
        raise ValueError(f"Expected an observation of 1 to {most} rows; got {len(y)}.")
    return np.pad(y, ((0, most - len(y)), (0, 0)), constant_values=np.nan)


def check_observation(y: np.ndarray, event_shape: tuple[int, ...]) -> None:
    """Refuse at the door what no network can answer; `y` has a leading axis of observations."""
    if y.shape[1:] != tuple(event_shape):
        raise ValueError(f"Expected observations of shape {event_shape}; got {y.shape[1:]}.")
    bad = np.sum(~whole(y))
    if bad:
        raise ValueError(f"Expected finite observations; got {bad} of {len(y)} that are not.")


def whole(y: Float[np.ndarray, "n *event"]) -> Bool[np.ndarray, " n"]:
    """Which observations are finite, but for the rows of NaN that pad a set or a series at its end."""
    if y.ndim != 3:
        return np.isfinite(y).reshape(len(y), -1).all(axis=1)
    observed = np.arange(y.shape[1]) < lengths(y)[:, None]
    rows = np.where(observed, np.isfinite(y).all(axis=2), np.isnan(y).all(axis=2))
    return rows.all(axis=1) & observed[:, 0]


def lengths(y: Float[np.ndarray, "n rows columns"]) -> Int[np.ndarray, " n"]:
    """How many rows each observation has before the first row of NaN."""
    padding = np.isnan(y).all(axis=2)
    return np.where(padding.any(axis=1), padding.argmax(axis=1), y.shape[1])
