"""Observations that the simulator would not make, planted to see whether they are told. One function a fault.

Each takes a key, one observation (rows of NaN pad a set or a series) and the noise's standard deviation for each
column, the spread of y at fixed theta; a vector's columns are its coordinates. Those of ROW_FAULTS ask for rows.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

SCALES = 3.0  # of the noise
OUTLIERS = 0.1  # the share of entries
FAR = 10.0  # noise scales of an outlier
STUCK = (0.1, 0.5)  # of the rows: where, at random, a sensor begins to repeat itself

Fault = Callable[[PRNGKeyArray, Array, Array], Array]


def noise(
    key: PRNGKeyArray, y: Float[Array, "*event"], scale: Float[Array, " columns"]
) -> Float[Array, "*event"]:
    """More noise, of 3 standard deviations of it."""
    return y + SCALES * scale * jax.random.normal(key, y.shape)


def outliers(
    key: PRNGKeyArray, y: Float[Array, "*event"], scale: Float[Array, " columns"]
) -> Float[Array, "*event"]:
    """The first entry, and one in ten of the others, is ten standard deviations off: a detector that fails."""
    key_where, key_sign = jax.random.split(key)
    hit = jax.random.bernoulli(key_where, OUTLIERS, y.shape).ravel().at[0].set(True)
    far = FAR * scale * jax.random.rademacher(key_sign, y.shape, y.dtype)
    return y + jnp.where(hit.reshape(y.shape), far, 0.0)


def offset(
    key: PRNGKeyArray, y: Float[Array, "*event"], scale: Float[Array, " columns"]
) -> Float[Array, "*event"]:
    """All entries are shifted together by 10 standard deviations, up or down: a zero that was never set."""
    return y + FAR * scale * jax.random.rademacher(key, (), y.dtype)


def stuck(
    key: PRNGKeyArray, y: Float[Array, "rows columns"], scale: Float[Array, " columns"]
) -> Float[Array, "rows columns"]:
    """From a row in the first half on, every row is a copy of it: a sensor that hangs, a record entered twice."""
    del scale
    low, high = STUCK
    start = (jax.random.uniform(key, minval=low, maxval=high) * _count(y)).astype(int)
    copied = (jnp.arange(len(y))[:, None] > start) & ~jnp.isnan(y)
    return jnp.where(copied, y[start], y)


def drift(
    key: PRNGKeyArray, y: Float[Array, "rows columns"], scale: Float[Array, " columns"]
) -> Float[Array, "rows columns"]:
    """Row by row farther off, by 10 standard deviations at the last one: a calibration that wanders."""
    share = (jnp.arange(len(y))[:, None] + 1) / _count(y)
    return y + FAR * scale * share * jax.random.rademacher(key, (), y.dtype)


def _count(y: Float[Array, "rows columns"]) -> Int[Array, ""]:
    """Rows that were observed."""
    return jnp.sum(~jnp.isnan(y).all(axis=1))


FAULTS: dict[str, Fault] = {"noise": noise, "outliers": outliers, "offset": offset}
ROW_FAULTS: dict[str, Fault] = {"stuck": stuck, "drift": drift}


def faults_of(event_shape: tuple[int, ...]) -> dict[str, Fault]:
    """What can be planted in observations of this shape."""
    return FAULTS | (ROW_FAULTS if len(event_shape) == 2 else {})
