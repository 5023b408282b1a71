"""Where a flow ends: the distribution of z = T(theta | y)."""

import abc
import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PRNGKeyArray


class AbstractBase(eqx.Module):
    """A distribution on R^dim, centred and of scale about one."""

    dim: eqx.AbstractVar[int]

    @abc.abstractmethod
    def log_prob(self, z: Float[Array, "dim *batch"]) -> Float[Array, "*batch"]:
        """Of every column."""

    @abc.abstractmethod
    def sample(self, key: PRNGKeyArray, num: int, dtype: DTypeLike) -> Float[Array, "num dim"]:
        """Independent draws."""


class Normal(AbstractBase):
    """N(0, I)."""

    dim: int = eqx.field(static=True)

    def log_prob(self, z: Float[Array, "dim *batch"]) -> Float[Array, "*batch"]:
        return -0.5 * jnp.sum(z**2 + jnp.log(2 * jnp.pi), axis=0)

    def sample(self, key: PRNGKeyArray, num: int, dtype: DTypeLike) -> Float[Array, "num dim"]:
        return jax.random.normal(key, (num, self.dim), dtype)


class StudentT(AbstractBase):
    """The multivariate t with `df` degrees of freedom and identity shape: heavy tails in every direction."""

    dim: int = eqx.field(static=True)
    df: float = eqx.field(static=True)

    def log_prob(self, z: Float[Array, "dim *batch"]) -> Float[Array, "*batch"]:
        half = 0.5 * (self.df + self.dim)
        constant = math.lgamma(half) - math.lgamma(0.5 * self.df)
        constant -= 0.5 * self.dim * math.log(self.df * math.pi)
        return constant - half * jnp.log1p(jnp.sum(z**2, axis=0) / self.df)

    def sample(self, key: PRNGKeyArray, num: int, dtype: DTypeLike) -> Float[Array, "num dim"]:
        key_normal, key_scale = jax.random.split(key)
        scale = jnp.sqrt(self.df / jax.random.chisquare(key_scale, self.df, (num, 1), dtype))
        return scale * jax.random.normal(key_normal, (num, self.dim), dtype)


class Mixture(AbstractBase):
    """Gaussians whose weights, means and scales, one for each coordinate, are learned."""

    logits: Float[Array, " components"]
    means: Float[Array, "components dim"]
    log_scales: Float[Array, "components dim"]
    dim: int = eqx.field(static=True)

    def __init__(self, dim: int, components: int, *, key: PRNGKeyArray) -> None:
        self.dim = dim
        self.logits = jnp.zeros(components)
        self.means = jax.random.normal(key, (components, dim))
        self.log_scales = jnp.zeros((components, dim))

    def log_prob(self, z: Float[Array, "dim *batch"]) -> Float[Array, "*batch"]:
        def component(mean: Array, log_scale: Array) -> Array:
            mean, log_scale = (a.reshape(-1, *[1] * (z.ndim - 1)) for a in (mean, log_scale))
            square = ((z - mean) * jnp.exp(-log_scale)) ** 2
            return -jnp.sum(log_scale + 0.5 * (square + jnp.log(2 * jnp.pi)), axis=0)

        each = jax.vmap(component)(self.means, self.log_scales)
        weights = jax.nn.log_softmax(self.logits).reshape(-1, *[1] * (z.ndim - 1))
        return jax.nn.logsumexp(weights + each, axis=0)

    def sample(self, key: PRNGKeyArray, num: int, dtype: DTypeLike) -> Float[Array, "num dim"]:
        key_which, key_normal = jax.random.split(key)
        which = jax.random.categorical(key_which, self.logits, shape=(num,))
        noise = jax.random.normal(key_normal, (num, self.dim), dtype)
        return self.means[which] + jnp.exp(self.log_scales[which]) * noise


BASES = ("normal", "student_t", "mixture")


def base_of(name: str, dim: int, *, df: float, components: int, key: PRNGKeyArray) -> AbstractBase:
    """The base that a setting names; `df` is of the Student-t alone, `components` of the mixture."""
    if df <= 0 or components < 1:
        raise ValueError(
            f"Expected df above 0 and at least 1 of components; got {df} and {components}."
        )
    match name:
        case "normal":
            return Normal(dim)
        case "student_t":
            return StudentT(dim, float(df))
        case "mixture":
            return Mixture(dim, components, key=key)
    raise ValueError(f"Expected a base among {', '.join(BASES)}; got {name!r}.")
