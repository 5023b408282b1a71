"""Observations that the simulator would not make, planted to see whether they are told. One function a fault.

Each takes the keys, observations (rows of NaN pad a set or a series) and the noise's standard deviation for each
column, the spread of y at fixed theta; a vector's columns are its coordinates.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

SCALES = 3.0  # of the noise
OUTLIERS = 0.1  # the share of entries
FAR = 10.0  # noise scales of an outlier

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


FAULTS: dict[str, Fault] = {"noise": noise, "outliers": outliers, "offset": offset}
