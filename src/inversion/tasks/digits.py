"""Handwritten digits of 8 x 8 pixels, half of them seen: y = theta on the mask + N(0, noise_scale^2).

The 1,797 images that scikit-learn ships (Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, 1998), whose
pixels are 0 to 16. The last 360 are for tests, the 180 before them for validation, the others for training.
"""

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float, Int, PRNGKeyArray
from numpyro.distributions import constraints

from inversion.tasks.held_out import HeldOutTask
from inversion.tasks.task import LinearTask

SIDE, LEVELS = 8, 17
TEST, VALIDATION = 360, 180
PARTS = {
    "train": slice(None, -TEST - VALIDATION),
    "validation": slice(-TEST - VALIDATION, -TEST),
    "test": slice(-TEST, None),
}


class DigitsInpaint(LinearTask, HeldOutTask):
    """Images in [0, 1], and the share `observed` of their pixels, the same ones for all observations.

    The prior has no density that is known, only its images; which pixels are seen is drawn by `mask_seed`.
    """

    noise_scale: float = eqx.field(static=True)
    seen: tuple[int, ...] = eqx.field(static=True)

    def __init__(
        self, *, noise_scale: float = 0.05, observed: float = 0.5, mask_seed: int = 0
    ) -> None:
        if not noise_scale > 0 or not 0 < observed <= 1:
            raise ValueError(
                "Expected noise_scale of digits_inpaint above 0 and observed in (0, 1]; "
                f"got {noise_scale} and {observed}."
            )
        self.noise_scale = noise_scale
        order = np.random.default_rng(mask_seed).permutation(SIDE**2)
        self.seen = tuple(sorted(order[: max(1, round(observed * SIDE**2))].tolist()))

    def prior(self) -> "Digits":
        return Digits("train")

    def held_out(self, part: str) -> "Digits":
        return Digits(part)

    def operator(self, theta: Float[Array, "64"]) -> Float[Array, " seen"]:
        return theta[jnp.asarray(self.seen)]


class Digits(dist.Distribution):
    """An image of one part at random, each pixel (level + u) / 17 with u uniform: a density in place of 17 levels.

    The support is all of R^64, so that a step which knows no bounds has a density everywhere.
    """

    support = constraints.real_vector

    def __init__(self, part: str) -> None:
        if part not in PARTS:
            raise ValueError(f"Expected a part among {', '.join(PARTS)}; got {part!r}.")
        self.part = part
        super().__init__(batch_shape=(), event_shape=(SIDE**2,))

    @property
    def levels(self) -> Int[np.ndarray, "n 64"]:
        """Every image of the part, once."""
        return _levels()[PARTS[self.part]]

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        key_image, key_level = jax.random.split(key)
        levels = jnp.asarray(self.levels, float)
        image = jax.random.randint(key_image, sample_shape, 0, len(levels))
        return (levels[image] + jax.random.uniform(key_level, (*sample_shape, SIDE**2))) / LEVELS

    def log_prob(self, value: Array) -> Array:
        raise ValueError(
            "Expected a prior with a density; got that of digits, which has draws alone."
        )


@cache
def _levels() -> Int[np.ndarray, "n 64"]:
    from sklearn.datasets import load_digits

    return load_digits().data.astype(np.int32)
