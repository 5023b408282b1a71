"""Sets and series: a y of many rows, of which an observation may have fewer; what it has not is NaN."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray


def check_rows(kind: str, min_rows: int, max_rows: int, least: int = 1) -> None:
    """`least` is how many rows a posterior needs."""
    if not least <= min_rows <= max_rows:
        raise ValueError(
            f"Expected min_rows of {kind} from {least} to max_rows; got {min_rows} and {max_rows}."
        )


def cut(
    key: PRNGKeyArray, y: Float[Array, "rows columns"], min_rows: int
) -> Float[Array, "rows columns"]:
    """The first n rows, n uniform from `min_rows` to all of them, and NaN from there on."""
    return first(count(key, min_rows, y.shape[0]), y)


def count(key: PRNGKeyArray, min_rows: int, max_rows: int) -> Int[Array, ""]:
    """How many rows, each number as likely."""
    return jax.random.randint(key, (), min_rows, max_rows + 1)


def first(n: Int[Array, ""], y: Float[Array, "rows columns"]) -> Float[Array, "rows columns"]:
    """The first n rows, and NaN from there on."""
    return jnp.where(jnp.arange(y.shape[0])[:, None] < n, y, jnp.nan)


def observed(y: Float[Array, "rows columns"]) -> Bool[Array, "rows 1"]:
    """Which rows there are."""
    return jnp.isfinite(y).all(axis=-1, keepdims=True)


def moments(
    y: Float[Array, "rows columns"],
) -> tuple[Float[Array, ""], Float[Array, " columns"], Float[Array, " columns"]]:
    """How many rows, their mean, and the sum of squares around it."""
    mask = observed(y)
    n = jnp.sum(mask).astype(y.dtype)
    rows = jnp.where(mask, y, 0.0)
    mean = jnp.sum(rows, axis=0) / n
    return n, mean, jnp.sum(jnp.where(mask, rows - mean, 0.0) ** 2, axis=0)
