"""Consecutive rows of a series side by side: a series of fewer, wider rows."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def check_stride(stride: int) -> None:
    """One clear line for a bad setting."""
    if stride < 1:
        raise ValueError(f"Expected a stride of at least 1; got {stride}.")


def patch_columns(columns: int, stride: int) -> int:
    """How many columns `patches` makes of as many, the mask not counted."""
    return columns if stride == 1 else stride * (columns + 1)


def patches(
    y: Float[Array, "rows columns+1"], stride: int
) -> tuple[Float[Array, "patches wide"], Float[Array, " patches"]]:
    """`stride` rows each, with their masks, as a last patch may be observed in part; and the mask of patches.

    With a stride of 1, the rows and their mask.
    """
    if stride == 1:
        return y[:, :-1], y[:, -1]
    y = jnp.pad(y, ((0, -len(y) % stride), (0, 0)))
    wide = y.reshape(len(y) // stride, -1)
    return wide, jnp.max(y[:, -1].reshape(-1, stride), axis=1)
