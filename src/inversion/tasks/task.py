"""What an inverse problem offers; everything beyond prior and simulator is optional and asked by isinstance."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray


class AbstractTask(eqx.Module):
    """A joint distribution p(theta) p(y | theta) that one can simulate.

    To write one:
    - `prior()` is a NumPyro distribution with event shape (dim,); its support says how theta is bounded;
    - `simulate(key, theta)` makes one y for one theta; whoever needs many calls it under `jax.vmap`;
    - derive from the classes below for what else is known: a likelihood, an operator, the exact posterior.
    """

    @abc.abstractmethod
    def prior(self) -> dist.Distribution:
        """The distribution of theta before any observation."""

    @abc.abstractmethod
    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, "*event"]:
        """One observation for one theta."""

    @property
    def dim(self) -> int:
        return self.prior().event_shape[0]

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one y."""
        theta = jax.ShapeDtypeStruct((self.dim,), jnp.float32)
        return jax.eval_shape(self.simulate, jax.random.key(0), theta).shape


class TractableTask(AbstractTask):
    """A task whose likelihood can be evaluated."""

    @abc.abstractmethod
    def log_likelihood(
        self, theta: Float[Array, " dim"], y: Float[Array, "*event"]
    ) -> Float[Array, ""]:
        """log p(y | theta), normalised over y."""


class BoundedTask(TractableTask):
    """A task whose likelihood has a known bound: what makes rejection exact."""

    @abc.abstractmethod
    def log_likelihood_bound(self, y: Float[Array, "*event"]) -> Float[Array, ""]:
        """An upper bound of log p(y | theta) over theta."""


class SmoothTask(TractableTask):
    """A task whose log-likelihood has a gradient all over the prior's support: what gradient methods need."""


class LinearTask(SmoothTask, BoundedTask):
    """y = A theta + noise_scale * N(0, I)."""

    noise_scale: eqx.AbstractVar[float]

    @abc.abstractmethod
    def operator(self, theta: Float[Array, " dim"]) -> Float[Array, "*event"]:
        """A theta."""

    def given(self, y: Float[Array, "*event"]) -> "LinearTask":
        """The task with what y itself tells of the operator, such as a mask, put in: only then is A that of y."""
        return self

    def adjoint(self, y: Float[Array, "*event"]) -> Float[Array, " dim"]:
        """A' y, so that <A theta, y> = <theta, A' y>."""
        theta = jax.ShapeDtypeStruct((self.dim,), y.dtype)
        (theta,) = jax.linear_transpose(self.operator, theta)(y)
        return theta

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> Float[Array, "*event"]:
        mean = self.operator(theta)
        return mean + self.noise_scale * jax.random.normal(key, mean.shape, mean.dtype)

    def log_likelihood(
        self, theta: Float[Array, " dim"], y: Float[Array, "*event"]
    ) -> Float[Array, ""]:
        residual = (y - self.operator(theta)) / self.noise_scale
        return self.log_likelihood_bound(y) - 0.5 * jnp.sum(residual**2)

    def log_likelihood_bound(self, y: Float[Array, "*event"]) -> Float[Array, ""]:
        return jnp.asarray(-y.size * jnp.log(self.noise_scale * jnp.sqrt(2 * jnp.pi)), y.dtype)


class ExactTask(AbstractTask):
    """A task whose posterior is known in closed form: independent draws and normalised density."""

    @abc.abstractmethod
    def posterior(self, y: Float[Array, "*event"]) -> dist.Distribution:
        """p(theta | y)."""


class LabelledTask(AbstractTask):
    """A task whose theta falls into a few parts, so that a lost mode shows as a wrong mass."""

    @property
    @abc.abstractmethod
    def parts(self) -> dict[str, int]:
        """For each naming of the parts, how many there are."""

    @abc.abstractmethod
    def labels(self, theta: Float[Array, " dim"]) -> dict[str, Array]:
        """For each naming, the number of the part that theta lies in, from 0."""
