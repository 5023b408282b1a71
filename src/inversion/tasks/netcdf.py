"""Fields of the user's own from a NetCDF file: one image for each time.

`variable` has one axis that is `time` and two others, latitude and longitude say. theta is standardised by the mean
and standard deviation of all training fields together. By their order the first 80 % of the times are for training,
the next 10 % for validation, the last 10 % for tests.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Float

from inversion.registry import build
from inversion.tasks.examples import Examples, part_of
from inversion.tasks.held_out import HeldOutTask
from inversion.tasks.measured import MeasuredTask, check_noise
from inversion.tasks.operators import OPERATORS, AbstractOperator

RANGE = 6.0  # from three standard deviations below to three above
LEAST = 3  # times: one for each part


class NetCDF(MeasuredTask, HeldOutTask):
    """`operator` is how they are measured: its kind (`denoise`, `inpaint`, `deblur`, `superresolve`) and settings."""

    file: str = eqx.field(static=True)
    variable: str = eqx.field(static=True)
    time: str = eqx.field(static=True)
    measure: AbstractOperator
    noise_scale: float = eqx.field(static=True)

    def __init__(
        self,
        *,
        file: str,
        variable: str,
        time: str = "time",
        operator: Mapping[str, Any] | None = None,
        noise_scale: float = 0.1,
    ) -> None:
        check_noise("netcdf", noise_scale)
        self.file, self.variable, self.time = str(file), variable, time
        self.measure = build(OPERATORS, operator or {"kind": "denoise"})
        self.noise_scale = noise_scale

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return (*_fields(self.file, self.variable, self.time).shape[1:], 1)

    @property
    def data_range(self) -> float:
        return RANGE

    def prior(self) -> Examples:
        return self.held_out("train")

    def held_out(self, part: str) -> Examples:
        def read() -> Float[np.ndarray, "n dim"]:
            fields = _fields(self.file, self.variable, self.time)
            fields = fields.reshape(len(fields), -1)
            train = part_of(fields, "train")
            return part_of((fields - train.mean()) / (train.std() or 1.0), part)

        return Examples(f"fields in {self.file}", self.dim, 0.0, read)


@cache
def _fields(file: str, variable: str, time: str) -> Float[np.ndarray, "time h w"]:
    import xarray

    if not Path(file).is_file():
        raise ValueError(f"Expected a NetCDF file at {file}; got none.")
    try:
        opened = xarray.open_dataset(file)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"Expected a NetCDF file that xarray reads in {file}; got: {reason}."
        ) from error
    with opened as data:
        if variable not in data:
            names = ", ".join(map(str, data.data_vars)) or "none"
            raise ValueError(f"Expected a variable among {names} in {file}; got {variable!r}.")
        found = data[variable]
        if found.ndim != 3 or time not in found.dims:
            raise ValueError(
                f"Expected {variable} with the axis {time!r} and two others in {file}; got {found.dims}."
            )
        fields = found.transpose(time, ...).to_numpy().astype(np.float64)
    if len(fields) < LEAST or not np.isfinite(fields).all():
        raise ValueError(
            f"Expected at least {LEAST} times of finite numbers in {file}; got {len(fields)}, "
            f"{int((~np.isfinite(fields)).sum())} numbers not finite."
        )
    return fields
