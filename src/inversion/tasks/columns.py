"""Independent coordinates, each with a distribution and a support of its own, as one distribution of a vector."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions.transforms import Transform, biject_to


class _Each(dist.constraints.Constraint):
    """Every coordinate in its own support."""

    event_dim = 1

    def __init__(self, supports: tuple[dist.constraints.Constraint, ...]) -> None:
        self.supports = supports

    def __call__(self, x: Float[Array, "*batch dim"]) -> Array:
        inside = [support(x[..., i]) for i, support in enumerate(self.supports)]
        return jnp.all(jnp.stack(inside, axis=-1), axis=-1)

    def tree_flatten(self):
        return (self.supports,), (("supports",), {})


class _EachBy(Transform):
    """Every coordinate by its own transform."""

    domain = dist.constraints.real_vector

    def __init__(self, parts: tuple[Transform, ...]) -> None:
        self.parts = parts

    @property
    def codomain(self) -> _Each:
        return _Each(tuple(part.codomain for part in self.parts))

    def __call__(self, x: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        return jnp.stack([part(x[..., i]) for i, part in enumerate(self.parts)], axis=-1)

    def _inverse(self, y: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        return jnp.stack([part.inv(y[..., i]) for i, part in enumerate(self.parts)], axis=-1)

    def log_abs_det_jacobian(self, x: Array, y: Array, intermediates: None = None) -> Array:
        return sum(
            part.log_abs_det_jacobian(x[..., i], y[..., i]) for i, part in enumerate(self.parts)
        )

    def tree_flatten(self):
        return (self.parts,), (("parts",), {})


@biject_to.register(_Each)
def _(constraint: _Each) -> _EachBy:
    return _EachBy(tuple(biject_to(support) for support in constraint.supports))


class Columns(dist.Distribution):
    """The product of scalar distributions: `Columns(Normal(0, 1), Uniform(0, 1))` has event shape (2,)."""

    pytree_data_fields = ("columns",)

    def __init__(self, *columns: dist.Distribution) -> None:
        self.columns = columns
        super().__init__(batch_shape=(), event_shape=(len(columns),))

    @dist.constraints.dependent_property(is_discrete=False, event_dim=1)
    def support(self) -> _Each:
        return _Each(tuple(column.support for column in self.columns))

    def sample(self, key: PRNGKeyArray, sample_shape: tuple[int, ...] = ()) -> Array:
        keys = jax.random.split(key, len(self.columns))
        draws = [column.sample(k, sample_shape) for k, column in zip(keys, self.columns)]
        return jnp.stack(draws, axis=-1)

    def log_prob(self, value: Float[Array, "*batch dim"]) -> Float[Array, "*batch"]:
        return sum(column.log_prob(value[..., i]) for i, column in enumerate(self.columns))
