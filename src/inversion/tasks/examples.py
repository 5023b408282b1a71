"""A prior that is known by examples: one of them at random, with noise that fills the steps of its levels."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float
from numpyro.distributions import constraints

PARTS = ("train", "validation", "test")


class Examples(dist.Distribution):
    """`examples` (n, dim) at random, plus `step` times a uniform: a density in place of levels.

    The support is all of R^dim, so that a step which knows no bounds has a density everywhere. `of` says of what, for
    messages; `examples` is a function, called when draws are asked for.
    """

    support = constraints.real_vector

    def __init__(
        self, of: str, dim: int, step: float, examples: Callable[[], Float[np.ndarray, "n dim"]]
    ) -> None:
        self.of, self.step, self.examples = of, step, examples
        super().__init__(batch_shape=(), event_shape=(dim,))

    def sample(self, key: jax.Array, sample_shape: tuple[int, ...] = ()) -> Array:
        key_which, key_level = jax.random.split(key)
        examples = jnp.asarray(self.examples(), float)
        which = jax.random.randint(key_which, sample_shape, 0, len(examples))
        return self._filled(key_level, examples[which])

    def each(self, key: jax.Array, num: int) -> Array:
        """The first `num` examples in their order, each with noise of its own, and from the first again."""
        examples = jnp.asarray(self.examples(), float)
        return self._filled(key, examples[jnp.arange(num) % len(examples)])

    def log_prob(self, value: Array) -> Array:
        raise ValueError(
            f"Expected a prior with a density; got that of {self.of}, which has draws alone."
        )

    def _filled(self, key: jax.Array, theta: Array) -> Array:
        return theta + self.step * jax.random.uniform(key, theta.shape)


def check_part(part: str) -> None:
    """Refuse a part that examples are not divided into."""
    if part not in PARTS:
        raise ValueError(f"Expected a part among {', '.join(PARTS)}; got {part!r}.")


def part_of(examples: Float[np.ndarray, "n dim"], part: str) -> Float[np.ndarray, "m dim"]:
    """By their order the first 80 % of at least three, the next 10 % or the last 10 %; each part has one at least."""
    check_part(part)
    few = max(1, len(examples) // 10)
    ends = {"train": (0, -2 * few), "validation": (-2 * few, -few), "test": (-few, None)}
    return examples[slice(*ends[part])]
