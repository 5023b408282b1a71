"""A vector of several parts, each with a support of its own: intervals beside reals beside ordered numbers."""

from itertools import accumulate

import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Bool, Float
from numpyro.distributions.transforms import Transform, biject_to


class Blocks(dist.constraints.Constraint):
    """`Blocks((interval(-1, 1), 3), (ordered_vector, 2))`: three numbers between -1 and 1, then two that ascend."""

    event_dim = 1

    def __init__(self, *blocks: tuple[dist.constraints.Constraint, int]) -> None:
        self.sizes = tuple(size for _, size in blocks)
        self.supports = tuple(
            dist.constraints.independent(support, 1 - support.event_dim) for support, _ in blocks
        )

    def __call__(self, x: Float[Array, "*batch dim"]) -> Bool[Array, "*batch"]:
        inside = [support(part) for support, part in zip(self.supports, split(x, self.sizes))]
        return jnp.all(jnp.stack(inside, axis=-1), axis=-1)

    def tree_flatten(self):
        return (self.supports,), (("supports",), {"sizes": self.sizes})


class _BlocksBy(Transform):
    """Every part by its support's own bijection."""

    domain = dist.constraints.real_vector

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks

    @property
    def codomain(self) -> Blocks:
        return self.blocks

    def __call__(self, x: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        parts = zip(self._parts(), split(x, self.blocks.sizes))
        return jnp.concatenate([part(each) for part, each in parts], axis=-1)

    def _inverse(self, y: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        parts = zip(self._parts(), split(y, self.blocks.sizes))
        return jnp.concatenate([part.inv(each) for part, each in parts], axis=-1)

    def log_abs_det_jacobian(self, x: Array, y: Array, intermediates: None = None) -> Array:
        sizes = self.blocks.sizes
        parts = zip(self._parts(), split(x, sizes), split(y, sizes))
        return sum(part.log_abs_det_jacobian(a, b) for part, a, b in parts)

    def _parts(self) -> tuple[Transform, ...]:
        return tuple(biject_to(support) for support in self.blocks.supports)

    def tree_flatten(self):
        return (self.blocks,), (("blocks",), {})


@biject_to.register(Blocks)
def _(constraint: Blocks) -> _BlocksBy:
    return _BlocksBy(constraint)


def split(x: Float[Array, "*batch dim"], sizes: tuple[int, ...]) -> list[Float[Array, "*batch _"]]:
    """The parts, in order."""
    return jnp.split(x, list(accumulate(sizes))[:-1], axis=-1)
