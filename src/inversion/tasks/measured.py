"""Images that are measured by a linear operator with white noise: y = A theta + noise_scale N(0, I).

y has three axes. Where the operator is a mask, the last channel says which pixels are seen (`tasks.operators`).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.image import ImageTask
from inversion.tasks.operators import AbstractMask, AbstractOperator
from inversion.tasks.task import LinearTask


class MeasuredTask(ImageTask, LinearTask):
    """To write one, give `measure`, `noise_scale`, `image_shape` and the prior."""

    measure: eqx.AbstractVar[AbstractOperator]

    @property
    def masked(self) -> bool:
        return isinstance(self.measure, AbstractMask)

    def given(self, y: Float[Array, "*event"]) -> "MeasuredTask":
        is_whole = lambda leaf: isinstance(leaf, AbstractOperator)  # noqa: E731
        told = self.measure.told_by(y)
        return eqx.tree_at(lambda task: task.measure, self, told, is_leaf=is_whole)

    def operator(self, theta: Float[Array, " dim"]) -> Float[Array, "*event"]:
        return self.measure(theta.reshape(self.image_shape))

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, "*event"]:
        key_measure, key_noise = jax.random.split(key)
        measure = self.measure.anew(key_measure, self.image_shape)
        mean = measure(theta.reshape(self.image_shape))
        noise = jax.random.normal(key_noise, mean.shape, mean.dtype)
        return measure.written(mean + self.noise_scale * noise)

    def log_likelihood(
        self, theta: Float[Array, " dim"], y: Float[Array, "*event"]
    ) -> Float[Array, ""]:
        """Of the values that are measured, given which these are."""
        residual = (y - self.given(y).operator(theta)) / self.noise_scale
        square = jnp.sum(self.measure.weights(y) * residual**2)
        return self.log_likelihood_bound(y) - 0.5 * square

    def log_likelihood_bound(self, y: Float[Array, "*event"]) -> Float[Array, ""]:
        return -jnp.sum(self.measure.weights(y)) * jnp.log(
            self.noise_scale * jnp.sqrt(2 * jnp.pi)
        ).astype(y.dtype)


def check_noise(kind: str, noise_scale: float) -> None:
    """Refuse a noise that is none."""
    if not noise_scale > 0:
        raise ValueError(f"Expected noise_scale of {kind} above 0; got {noise_scale}.")
