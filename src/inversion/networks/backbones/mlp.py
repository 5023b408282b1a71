"""The residual multilayer perceptron of `networks.time_mlp`, which reads any y flat."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.backbones.backbone import AbstractBackbone
from inversion.networks.time_mlp import TimeMLP


class MLPBackbone(TimeMLP, AbstractBackbone):
    """What an estimator is made of where no backbone is named; an image is a vector to it."""

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        image_shape: tuple[int, int, int] | None = None,
        width: int = 256,
        depth: int = 5,
        features: int = 32,
        frequency: float = 1.0,
        norm: bool = False,
        activation: str = "mish",
    ) -> None:
        del image_shape
        super().__init__(
            theta_dim,
            math.prod(y_shape),
            width=width,
            depth=depth,
            features=features,
            frequency=frequency,
            norm=norm,
            activation=activation,
            key=key,
        )

    def __call__(
        self, z: Float[Array, " dim"], clock: Float[Array, ""], context: Float[Array, "*event"]
    ) -> Float[Array, " dim"]:
        return super().__call__(z, clock, jnp.ravel(context))
