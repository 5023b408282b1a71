"""What every method offers: draws of theta given y, and where it can, their density. Start reading here."""

import abc
from typing import NamedTuple

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray


class AbstractPosterior(eqx.Module):
    """A conditional distribution of theta given y that one can draw from.

    To write one, give `sample` for a single observation; whoever calls it batches with `jax.vmap`.
    """

    @abc.abstractmethod
    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        """`num` independent draws of theta given one observation."""


class AbstractDensity(AbstractPosterior):
    """A posterior whose normalised density is known."""

    @abc.abstractmethod
    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        """log q(theta | y) in nats, in the units of theta."""


class Points(NamedTuple):
    """What a posterior is summed up by, coordinate by coordinate."""

    mean: Float[Array, " dim"]
    quantiles: Float[Array, "level dim"]


class AbstractPoints(eqx.Module):
    """Mean and quantiles of theta given y without draws of it, nor of how its coordinates hang together."""

    levels: eqx.AbstractVar[tuple[float, ...]]  # of the quantiles, ascending

    @abc.abstractmethod
    def points(self, y: Float[Array, "*event"]) -> Points:
        """The summary given one observation."""


class AbstractGenerator(AbstractPosterior):
    """A distribution that does not read y, as the image of N(0, I) under a map: a learned prior.

    The latent space may have more dimensions than theta, or fewer.
    """

    @abc.abstractmethod
    def from_latent(self, z: Float[Array, " latent"]) -> Float[Array, " dim"]:
        """theta of z."""

    @abc.abstractmethod
    def latents(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num latent"]:
        """z of draws: where to start from in the latent space."""


class AbstractTransport(AbstractGenerator, AbstractDensity):
    """One whose map is invertible, so that its density is known."""

    @abc.abstractmethod
    def to_latent(self, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """z = T(theta)."""

    @abc.abstractmethod
    def from_latent(self, z: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """theta = T^-1(z)."""

    def latents(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        return jax.vmap(self.to_latent)(self.sample(key, y, num))

    def to_latents(self, theta: Float[Array, "num dim"]) -> Float[Array, "num dim"]:
        """`to_latent` row by row; to be overridden where all rows at once are faster."""
        return jax.vmap(self.to_latent)(theta)

    def from_latents(self, z: Float[Array, "num dim"]) -> Float[Array, "num dim"]:
        """`from_latent` likewise."""
        return jax.vmap(self.from_latent)(z)


class AbstractDenoiser(AbstractPosterior):
    """A prior that does not read y, known by what it makes of noise; what diffusion models learn.

    The noise is white in theta / scale: `scale` is one everywhere, or in the mean of its logarithms where a learned
    prior standardises coordinates apart. In these units theta is about N(centre / scale, spread^2 I).
    """

    @property
    @abc.abstractmethod
    def centre(self) -> Float[Array, " dim"]:
        """A mean of theta."""

    @property
    @abc.abstractmethod
    def scale(self) -> Float[Array, " dim"]:
        """Of the noise, by coordinate; its geometric mean is one."""

    @property
    @abc.abstractmethod
    def spread(self) -> Float[Array, ""]:
        """A standard deviation of theta / scale."""

    @property
    @abc.abstractmethod
    def levels(self) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """The least and the most noise that it knows, in the task's units."""

    @abc.abstractmethod
    def denoised(self, z: Float[Array, " dim"], sigma: Float[Array, ""]) -> Float[Array, " dim"]:
        """E[theta | theta + sigma scale e = z], all in the task's units, e of N(0, I)."""
