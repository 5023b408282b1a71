"""A learned prior whose iterations start elsewhere than from its own draws."""

from jaxtyping import Array, Float, PRNGKeyArray

from inversion.posterior import AbstractPosterior, AbstractTransport


class Warm(AbstractTransport):
    """The prior in all but its draws, which are those of a posterior: where a method starts, not what it aims at."""

    prior: AbstractTransport
    posterior: AbstractPosterior

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        return self.posterior.sample(key, y, num)

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        return self.prior.log_prob(theta, y)

    def to_latent(self, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return self.prior.to_latent(theta)

    def from_latent(self, z: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return self.prior.from_latent(z)

    def to_latents(self, theta: Float[Array, "num dim"]) -> Float[Array, "num dim"]:
        return self.prior.to_latents(theta)

    def from_latents(self, z: Float[Array, "num dim"]) -> Float[Array, "num dim"]:
        return self.prior.from_latents(z)
