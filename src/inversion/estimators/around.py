"""What a distilled sampler's draws lie around before it has learned anything: what a Gaussian would have.

With B the linear regression of theta on y and R the root of what it leaves, theta = c(y) + R x, where c(y) = B y or,
with the prior's denoiser, that of B y under noise s: the learned prior's own guess. B, the denoiser and s are trained
on from there, R is not.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators import ESTIMATORS
from inversion.estimators.whitening import Whitening
from inversion.posterior import AbstractDenoiser
from inversion.registry import build


class Around(eqx.Module):
    """c(y) + R x of standardised theta and y."""

    whitening: Whitening
    denoiser: AbstractDenoiser | None
    log_noise: Float[Array, ""]  # of s

    @classmethod
    def untrained(
        cls, dim: int, event: int, prior: Mapping[str, Any] | None, *, key: PRNGKeyArray
    ) -> "Around":
        """Of the right shapes; `prior` is a denoiser's entry in params.yaml, none for B y alone."""
        denoiser = None
        if prior is not None:
            denoiser = build(ESTIMATORS, prior, key=key, theta_dim=dim, y_shape=(event,))
            if not isinstance(denoiser, AbstractDenoiser):
                raise ValueError(
                    f"Expected a prior that takes noise out to lie around; got {prior['kind']!r}."
                )
        whitening = jax.tree.map(jnp.asarray, Whitening.identity(dim, event))
        return cls(whitening, denoiser, jnp.zeros(()))

    def begun(
        self,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n *event"],
        denoiser: AbstractDenoiser | None,
    ) -> "Around":
        """With the regression of these pairs, s its residual's standard deviation, and this trained denoiser."""
        whitening = Whitening.of(np.asarray(theta), np.asarray(y).reshape(len(y), -1))
        noise = np.sqrt(np.mean(np.sum(whitening.root**2, axis=1)))
        kept = denoiser if self.denoiser is not None else None
        return Around(
            jax.tree.map(jnp.asarray, whitening), kept, jnp.log(jnp.asarray(noise, jnp.float32))
        )

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
        guess = self.whitening.slope @ jnp.ravel(y)
        if self.denoiser is None:
            return guess
        return self.denoiser.denoised(guess, jnp.exp(self.log_noise))
