"""What a distilled sampler's draws lie around before it has learned anything: theta = c(y) + R x.

c(y) is the linear regression of the prior's draws on measurements simulated from them, and trained on from there, or a
guess by the learned prior (`unrolled`), which is not; nor is R, the root of what c leaves of these draws.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.unrolled import Unrolled
from inversion.estimators.whitening import Whitening


class Around(eqx.Module):
    """c(y) + R x of standardised theta and y."""

    guess: Unrolled | None
    whitening: Whitening  # its slope is nothing where there is a guess

    @classmethod
    def untrained(
        cls, dim: int, event: int, guess: Mapping[str, Any] | None, *, key: PRNGKeyArray
    ) -> "Around":
        """Of the right shapes; `guess` holds the settings of `Unrolled`, or none."""
        whitening = jax.tree.map(jnp.asarray, Whitening.identity(dim, event))
        if guess is None:
            return cls(None, whitening)
        return cls(Unrolled(key=key, theta_dim=dim, event=event, **guess), whitening)

    @classmethod
    def of(
        cls,
        guess: Unrolled | None,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n *event"],
    ) -> "Around":
        """Around this guess, or around the regression of these pairs."""
        seen = np.asarray(y).reshape(len(y), -1)
        if guess is not None:
            theta, seen = theta - jax.jit(jax.vmap(guess))(y), np.zeros_like(seen)
        fitted = Whitening.of(np.asarray(theta), seen)
        return cls(guess, jax.tree.map(jnp.asarray, fitted))

    def coloured(self, x: Float[Array, "num dim"], y: Float[Array, "*event"]) -> Array:
        """theta of x, row by row."""
        return x @ jax.lax.stop_gradient(self.whitening.root).T + self._centre(y)

    def white(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Array:
        """x of theta."""
        return jax.lax.stop_gradient(self.whitening.inverse) @ (theta - self._centre(y))

    @property
    def log_det(self) -> Float[Array, ""]:
        """log |det dtheta / dx|."""
        return jax.lax.stop_gradient(self.whitening.log_det)

    def _centre(self, y: Float[Array, "*event"]) -> Float[Array, " dim"]:
        if self.guess is None:
            return self.whitening.slope @ jnp.ravel(y)
        return jax.lax.stop_gradient(self.guess)(y)
