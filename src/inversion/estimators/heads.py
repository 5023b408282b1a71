"""Networks that put out the parameters of a density, a normal or a mixture of normals: minimise E[-log q(theta | y)].

Bishop, 1994 (mixture density networks); Williams, 1996 (the Cholesky factor of a precision as outputs).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.estimator import AbstractDensityEstimator
from inversion.estimators.normalising_flow import context_dim
from inversion.networks.mlp import MLP


class Normal(NamedTuple):
    """N(mean, (L' L)^-1) with L lower triangular and its diagonal above 0."""

    mean: Float[Array, " dim"]
    factor: Float[Array, "dim dim"]

    @classmethod
    def of(cls, raw: Float[Array, " size"], dim: int) -> "Normal":
        """From as many numbers as `size`; the zero vector gives N(0, I)."""
        mean, log_diagonal, below = jnp.split(raw, [dim, 2 * dim])
        rows, columns = jnp.tril_indices(dim, -1)
        factor = jnp.diag(jnp.exp(log_diagonal)).at[rows, columns].set(below)
        return cls(mean, factor)

    @staticmethod
    def size(dim: int) -> int:
        return 2 * dim + dim * (dim - 1) // 2

    def log_prob(self, theta: Float[Array, " dim"]) -> Float[Array, ""]:
        """-1/2 (D ln 2 pi - 2 sum ln L_ii + |L (theta - mean)|^2)."""
        z = self.factor @ (theta - self.mean)
        log_det = jnp.sum(jnp.log(jnp.diagonal(self.factor)))
        return log_det - 0.5 * jnp.sum(z**2 + jnp.log(2 * jnp.pi))

    def from_noise(self, noise: Float[Array, "num dim"]) -> Float[Array, "num dim"]:
        return self.mean + solve_triangular(self.factor, noise.T, lower=True).T


class GaussianHead(AbstractDensityEstimator):
    """q(theta | y) = N(mean(y), (L(y)' L(y))^-1)."""

    network: MLP
    dim: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        width: int = 64,
        depth: int = 2,
        activation: str = "silu",
    ) -> None:
        shape = {"width": width, "depth": depth, "activation": activation}
        self.network = MLP(context_dim(y_shape), Normal.size(theta_dim), **shape, key=key)
        self.dim = theta_dim

    def _normal(self, y: Float[Array, "*event"]) -> Normal:
        return Normal.of(self.network(jnp.ravel(y)), self.dim)

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        return self._normal(y).log_prob(theta)

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        return self._normal(y).from_noise(jax.random.normal(key, (num, self.dim), y.dtype))


class MixtureHead(AbstractDensityEstimator):
    """q(theta | y) = sum_k w_k(y) N(theta; mean_k(y), (L_k(y)' L_k(y))^-1); the means start apart."""

    network: MLP
    dim: int = eqx.field(static=True)
    components: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        components: int = 8,
        width: int = 64,
        depth: int = 2,
        activation: str = "silu",
    ) -> None:
        if components < 2:
            raise ValueError(f"Expected at least 2 components; got {components}.")
        key_network, key_means = jax.random.split(key)
        out = (components, 1 + Normal.size(theta_dim))
        shape = {"width": width, "depth": depth, "activation": activation}
        network = MLP(context_dim(y_shape), out[0] * out[1], **shape, key=key_network)
        means = jax.random.normal(key_means, (components, theta_dim))
        bias = network.biases[-1].reshape(out).at[:, 1 : 1 + theta_dim].set(means)
        self.network = eqx.tree_at(lambda net: net.biases[-1], network, bias.ravel())
        self.dim, self.components = theta_dim, components

    def _mixture(self, y: Float[Array, "*event"]) -> tuple[Float[Array, " components"], Normal]:
        """Log weights, and the components along a leading axis."""
        raw = self.network(jnp.ravel(y)).reshape(self.components, -1)
        normals = jax.vmap(lambda raw: Normal.of(raw, self.dim))(raw[:, 1:])
        return jax.nn.log_softmax(raw[:, 0]), normals

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        log_weights, normals = self._mixture(y)
        each = jax.vmap(lambda normal: normal.log_prob(theta))(normals)
        return jax.nn.logsumexp(log_weights + each)

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        log_weights, normals = self._mixture(y)
        key_which, key_noise = jax.random.split(key)
        which = jax.random.categorical(key_which, log_weights, shape=(num,))
        noise = jax.random.normal(key_noise, (num, self.dim), y.dtype)
        draws = jax.vmap(lambda normal: normal.from_noise(noise))(normals)
        return draws[which, jnp.arange(num)]
