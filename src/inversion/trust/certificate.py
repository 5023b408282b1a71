"""What held-out pairs have shown of a model, kept in a file beside it: `0.eqx` has `0.trust.npz`."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from inversion.records import Record
from inversion.trust.conformal import p_value, quantile
from inversion.trust.off_map import Map

FALSE_ALARMS = 0.05
LEVEL = 0.9


@dataclass(frozen=True)
class Certificate(Record):
    """Features of simulated observations, and for held-out pairs the distance of y to those and the levels of theta.

    `central` has a level for each coordinate, `highest` that of the whole theta where the model has a density;
    `model` tells which model it is of.
    """

    simulated: Float[np.ndarray, "m features"]
    distance: Float[np.ndarray, " n"]
    central: Float[np.ndarray, "n dim"]
    highest: Float[np.ndarray, " n"] | None = None
    model: UInt8[np.ndarray, "16"] | None = None

    @cached_property
    def map(self) -> Map:
        return Map(self.simulated)

    def off_map(self, features: Float[np.ndarray, " features"]) -> float:
        """The probability that a simulated observation lies as far off as this one."""
        if len(features) != self.simulated.shape[1]:
            raise ValueError(
                f"Expected the certificate of a model that sees {len(features)} numbers; "
                f"got one of {self.simulated.shape[1]}."
            )
        return p_value(self.distance, float(self.map.distance(features[None])[0]))

    @property
    def alarm(self) -> float:
        """The distance from which on an observation is off the map, of FALSE_ALARMS of those that are not."""
        return quantile(self.distance, 1 - FALSE_ALARMS)

    def coverage(self, level: float = LEVEL) -> Float[np.ndarray, " dim"]:
        """How often the model's own central interval held the truth, coordinate by coordinate."""
        return np.mean(self.central <= level, axis=0)

    def repaired(self, level: float = LEVEL) -> Float[np.ndarray, " dim"]:
        """The level at which the model's central intervals hold the truth as often as `level` says, at most 1."""
        return np.minimum([quantile(each, level) for each in self.central.T], 1.0)


def beside(model: str | Path) -> Path:
    """Where a model's certificate lies."""
    return Path(model).with_suffix(".trust.npz")


def farthest(coverage: Iterable[float]) -> float:
    """The coordinate's that lies farthest from LEVEL."""
    return max(coverage, key=lambda each: abs(each - LEVEL))
