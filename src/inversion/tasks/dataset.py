"""Pairs (theta, y) that somebody else has simulated, in one file: the prior is known by its draws alone.

The workflow takes the pairs from the file (`inversion take`) and holds the panels' observations back from training.
"""

from collections.abc import Mapping, Sequence
from typing import NoReturn

import equinox as eqx
import jax
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import constraints

from inversion.tasks.blocks import Blocks
from inversion.tasks.task import AbstractTask


class Dataset(AbstractTask):
    """The columns of `file` (npz, csv or parquet) that are theta, and those that are y.

    - `theta`: the names of its columns; or one name and `dim`, for columns `name_1` to `name_dim`, or, in an npz, for
      an array of shape (n, dim);
    - `y`: the names of its columns; or one name and the `shape` of one y, for as many columns in the order of C, or,
      in an npz, for an array of shape (n, *shape), in which rows of NaN may pad a set or a series at its end;
    - `support`: bounds `[low, high]` of theta by the name of the coordinate, null where there is none: draws stay
      inside.
    """

    file: str = eqx.field(static=True)
    theta: tuple[str, ...] = eqx.field(static=True)
    y: tuple[str, ...] = eqx.field(static=True)
    array: tuple[str | None, str | None] = eqx.field(static=True)  # of an npz: theta's, y's
    shape: tuple[int, ...] = eqx.field(static=True)
    bounds: tuple[tuple[float | None, float | None], ...] = eqx.field(static=True)

    def __init__(
        self,
        *,
        file: str,
        theta: str | Sequence[str],
        y: str | Sequence[str],
        dim: int | None = None,
        shape: Sequence[int] | None = None,
        support: Mapping[str, Sequence[float | None]] | None = None,
    ) -> None:
        if not str(file).endswith((".npz", ".csv", ".parquet")):
            raise ValueError(f"Expected file to end with .npz, .csv or .parquet; got {file!r}.")
        self.file = str(file)
        self.theta, (_,) = _columns("theta", theta, "dim", None if dim is None else [dim])
        self.y, self.shape = _columns("y", y, "shape", shape)
        self.array = tuple(name if isinstance(name, str) else None for name in (theta, y))
        if both := set(self.theta) & set(self.y):
            raise ValueError(f"Expected theta and y apart; got {sorted(both)[0]!r} in both.")
        support = {} if support is None else dict(support)
        for name, interval in support.items():
            if name not in self.theta:
                raise ValueError(
                    f"Expected support for coordinates among {', '.join(self.theta)}; got {name!r}."
                )
            _check_interval(name, interval)
        self.bounds = tuple(
            tuple(None if end is None else float(end) for end in support.get(name, (None, None)))
            for name in self.theta
        )

    def prior(self) -> "Empirical":
        return Empirical(self.bounds)

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> NoReturn:
        raise ValueError(
            "Expected a task that can be simulated, as fresh noise needs it; got a dataset, whose pairs are in a file."
        )

    @property
    def event_shape(self) -> tuple[int, ...]:
        return self.shape


class Empirical(dist.Distribution):
    """A prior of which the support is known, and neither density nor further draws."""

    def __init__(self, bounds: tuple[tuple[float | None, float | None], ...]) -> None:
        self.bounds = bounds
        super().__init__(batch_shape=(), event_shape=(len(bounds),))

    @constraints.dependent_property(is_discrete=False, event_dim=1)
    def support(self) -> Blocks:
        return Blocks(*((_interval(*ends), 1) for ends in self.bounds))

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> NoReturn:
        raise ValueError(
            "Expected a prior to draw from; got that of a dataset: it has no more pairs."
        )

    def log_prob(self, value: Array) -> NoReturn:
        raise ValueError(
            "Expected a prior with a density; got that of a dataset, which has draws alone."
        )


def _interval(low: float | None, high: float | None) -> constraints.Constraint:
    if low is None:
        return constraints.real if high is None else constraints.less_than(high)
    return constraints.greater_than(low) if high is None else constraints.interval(low, high)


def _check_interval(name: str, interval: Sequence[float | None]) -> None:
    ends = (
        [end for end in interval if end is not None] if isinstance(interval, list | tuple) else []
    )
    if not ends or len(interval) != 2 or (len(ends) == 2 and not ends[0] < ends[1]):
        raise ValueError(f"Expected support.{name} like [0, 1] or [0, null]; got {interval!r}.")


def _columns(
    what: str, names: str | Sequence[str], setting: str, shape: Sequence[int] | None
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Every column by name, and the shape that they fill."""
    if not isinstance(names, str):
        if shape is not None:
            raise ValueError(
                f"Expected no {setting} where {what} names its columns; got {shape!r}."
            )
        if not names or len(set(names)) < len(names):
            raise ValueError(f"Expected different columns in {what}, one at least; got {names!r}.")
        return tuple(names), (len(names),)
    if not isinstance(shape, list | tuple) or not shape or min(shape) < 1:
        example = "dim: 3" if setting == "dim" else "shape: [20]"
        raise ValueError(f"Expected {example} beside {what}: {names}; got {shape!r}.")
    num = 1
    for length in shape:
        num *= length
    return tuple(f"{names}_{i + 1}" for i in range(num)), tuple(shape)
