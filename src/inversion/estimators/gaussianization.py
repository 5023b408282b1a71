"""Gaussianization flow of the prior: minimise E[-log q(theta)] over prior draws; y is not read.

Meng, Song, Song and Ermon, Gaussianization Flows, 2020 (arXiv 2003.01941): each layer turns the coordinates and maps
each by itself, so that nothing but margins is ever learned.
"""

from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.normalising_flow import AbstractNormalisingFlow
from inversion.networks.base import Normal
from inversion.networks.gaussianization import Gaussianization
from inversion.posterior import AbstractTransport


class AbstractGaussianization(AbstractNormalisingFlow, AbstractTransport):
    """q(theta) = N(T(theta); 0, I) |det dT/dtheta|, T made of rotations and margins, open for refinements to use."""

    transform: Gaussianization
    base: Normal

    def to_latent(self, theta: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return self.transform.forward(theta, theta[:0])[0]

    def from_latent(self, z: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return self.transform.inverse(z, z[:0])[0]


class GaussianizationFlow(AbstractGaussianization):
    """`layers` of them, with `knots` for each margin, to begin with on [-interval, interval]."""

    transform: Gaussianization
    base: Normal

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        layers: int = 12,
        knots: int = 16,
        interval: float = 4.0,
    ) -> None:
        del y_shape
        self.transform = Gaussianization(
            theta_dim, layers=layers, knots=knots, interval=interval, key=key
        )
        self.base = Normal(theta_dim)
