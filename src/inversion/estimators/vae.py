"""A variational autoencoder of the prior with a flow at either end; y is not read.

    theta ~ N(m(z), s^2),  z ~ p(z), a flow;  q(z | theta) a flow of N(mu, sd^2) that reads mu = mu(theta)

and the bound log p(theta) >= E_q[log p(theta | z) + log p(z) - log q(z | theta)] is raised (Kingma and Welling, 2014).
Flows at the posterior: Rezende and Mohamed, 2015; at the prior: Chen et al., Variational Lossy Autoencoder, 2017. With
no layers both are Gaussian. With more draws of z the bound is tighter: Burda, Grosse and Salakhutdinov, 2016.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.bounded import AbstractBoundedEstimator
from inversion.networks.base import Normal
from inversion.networks.coupling import Coupling
from inversion.networks.mlp import MLP
from inversion.networks.permutation import alternating
from inversion.networks.transformer import Affine, Spline
from inversion.posterior import AbstractGenerator

LEAST_SD = 1e-4  # of q(z | theta) before its flow
ACTIVE = 1e-2  # of a latent coordinate's variance, as Burda, Grosse and Salakhutdinov have it
NO_CONTEXT = 0


class VAE(AbstractBoundedEstimator, AbstractGenerator):
    """`latent` numbers z; `prior_layers` and `posterior_layers` couplings, none of them for a Gaussian.

    `noise_scale` is s, in standard deviations of theta; none is learned, one for each coordinate. The networks of
    encoder and flows are `width` wide, that of the decoder `decoder_width`.
    """

    encoder: MLP
    decoder: MLP
    posterior: Coupling | None
    prior: Coupling | None
    log_noise: Float[Array, " dim"] | None
    dim: int = eqx.field(static=True)
    latent: int = eqx.field(static=True)
    noise_scale: float | None = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        latent: int = 2,
        prior_layers: int = 4,
        posterior_layers: int = 4,
        transform: str = "affine",
        knots: int = 8,
        interval: float = 5.0,
        width: int = 256,
        decoder_width: int = 64,
        depth: int = 2,
        activation: str = "silu",
        noise_scale: float | None = None,
    ) -> None:
        del y_shape
        transformers = {"spline": Spline(knots, interval), "affine": Affine()}
        if transform not in transformers:
            raise ValueError(
                f"Expected a transform among {', '.join(transformers)}; got {transform!r}."
            )
        if noise_scale is not None and not noise_scale > 0:
            raise ValueError(f"Expected a noise_scale above 0 or none; got {noise_scale}.")
        if latent < 2 and (prior_layers or posterior_layers):
            raise ValueError(f"Expected latent of at least 2 for couplings; got {latent}.")
        keys = jax.random.split(key, 4)
        net = {"depth": depth, "activation": activation}
        self.encoder = MLP(theta_dim, 2 * latent, width=width, **net, key=keys[0])
        self.decoder = MLP(latent, theta_dim, width=decoder_width, **net, key=keys[1])

        def coupling(key: PRNGKeyArray, layers: int, context_dim: int) -> Coupling | None:
            if layers == 0:
                return None
            key_mixing, key_init = jax.random.split(key)
            return Coupling(
                latent,
                context_dim,
                mixing=alternating(key_mixing, layers, latent),
                transformer=transformers[transform],
                width=width,
                **net,
                key=key_init,
            )

        self.posterior = coupling(keys[2], posterior_layers, latent)
        self.prior = coupling(keys[3], prior_layers, NO_CONTEXT)
        self.dim, self.latent, self.noise_scale = theta_dim, latent, noise_scale
        self.log_noise = jnp.zeros(theta_dim) if noise_scale is None else None

    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        del y, progress
        return -sum(self.terms(key, theta))

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        return jax.vmap(self.from_latent)(self.latents(key, y, num))

    def latents(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num latent"]:
        return jax.random.normal(key, (num, self.latent + self.dim), y.dtype)

    def from_latent(self, z: Float[Array, " latent"]) -> Float[Array, " dim"]:
        """m(z) + s e: the latent numbers, before their flow, and behind them e."""
        z, noise = z[: self.latent], z[self.latent :]
        if self.prior is not None:
            z = self.prior.inverse(z, jnp.zeros((NO_CONTEXT,), z.dtype))[0]
        return self.decoder(z) + jnp.exp(self._log_noise()) * noise

    def encoded(
        self, key: PRNGKeyArray, theta: Float[Array, " dim"]
    ) -> tuple[Float[Array, " latent"], Float[Array, ""]]:
        """A draw of q(z | theta), and its log-density."""
        mean, raw = jnp.split(self.encoder(theta), 2)
        sd = jax.nn.softplus(raw) + LEAST_SD
        noise = jax.random.normal(key, mean.shape, mean.dtype)
        z, log_det = mean + sd * noise, jnp.zeros(())
        if self.posterior is not None:
            z, log_det = self.posterior.forward(z, mean)
        return z, Normal(self.latent).log_prob(noise) - jnp.sum(jnp.log(sd)) - log_det

    def terms(
        self, key: PRNGKeyArray, theta: Float[Array, " dim"]
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """log p(theta | z), and log p(z) - log q(z | theta), at one draw of z: together the bound."""
        z, log_posterior = self.encoded(key, theta)
        log_noise = self._log_noise()
        residual = (theta - self.decoder(z)) * jnp.exp(-log_noise)
        log_likelihood = -jnp.sum(0.5 * residual**2 + log_noise + 0.5 * math.log(2 * math.pi))
        log_det = jnp.zeros(())
        if self.prior is not None:
            z, log_det = self.prior.forward(z, jnp.zeros((NO_CONTEXT,), z.dtype))
        return log_likelihood, Normal(self.latent).log_prob(z) + log_det - log_posterior

    def bound(self, key: PRNGKeyArray, theta: Float[Array, " dim"], num: int) -> Float[Array, ""]:
        """log of the mean of `num` weights p(theta, z) / q(z | theta)."""
        terms = jax.vmap(lambda key: sum(self.terms(key, theta)))(jax.random.split(key, num))
        return jax.nn.logsumexp(terms) - math.log(num)

    def active_units(
        self, key: PRNGKeyArray, theta: Float[Array, "n dim"], num: int
    ) -> Float[Array, ""]:
        """The share of coordinates whose mean given theta varies with theta (Burda, Grosse and Salakhutdinov).

        Where p(z) is learned no scale is given, so that the variance of the mean is set against that of z.
        """
        keys = jax.random.split(key, (len(theta), num))
        draws = jax.vmap(jax.vmap(lambda key, one: self.encoded(key, one)[0], (0, None)))(
            keys, theta
        )
        # The mean of `num` draws varies by itself, by the variance within over num.
        within = jnp.mean(jnp.var(draws, axis=1, ddof=1), axis=0)
        between = jnp.var(jnp.mean(draws, axis=1), axis=0) - within / num
        return jnp.mean(between > ACTIVE * (between + within))

    def _log_noise(self) -> Array:
        return math.log(self.noise_scale) if self.log_noise is None else self.log_noise
