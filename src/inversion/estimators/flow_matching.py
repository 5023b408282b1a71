"""Flow matching: learn the velocity that carries noise to theta along straight lines, and draw by solving its ODE.

Lipman et al., 2023; Liu, Gong and Liu, 2023; for posteriors Wildberger et al., 2023. Time runs from noise at 0 to
theta at 1.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators.estimator import AbstractEstimator
from inversion.estimators.from_noise import from_noise, log_density, stratified
from inversion.integrate import METHODS, solve
from inversion.networks.backbones.backbone import AbstractBackbone, backbone_of
from inversion.networks.backbones.mlp import MLPBackbone
from inversion.networks.transport import pair
from inversion.posterior import AbstractDensity

COUPLINGS = ("none", "optimal", "conditional_optimal")
DIVERGENCES = ("exact", "hutchinson")
VALIDATION_TIMES = 8  # for each pair that is held out, evenly spread
AT_ONCE = 256  # pairs that are held out are coupled in batches of this many


class FlowMatching(AbstractEstimator, AbstractDensity):
    """q(theta | y): the image of N(0, I) under dx/dt = v(x, t, y).

    `time_exponent` a > -1 gives the time the density (1 + a) t^a: 0 is uniform, more favours the data's
    end, as Wildberger et al. advise. `coupling` says how noise and theta of a batch are paired (`networks.
    transport`); `optimal` is wrong for a posterior and kept to show it. `hutchinson` estimates the
    divergence by `probes` fixed random directions. `backbone` names a network of images, with its settings, in
    place of the MLP whose settings stand before it.
    """

    network: AbstractBackbone
    dim: int = eqx.field(static=True)
    time_exponent: float = eqx.field(static=True)
    coupling: str = eqx.field(static=True)
    regularisation: float = eqx.field(static=True)
    near: float = eqx.field(static=True)
    solver: str = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    rtol: float = eqx.field(static=True)
    atol: float = eqx.field(static=True)
    divergence: str = eqx.field(static=True)
    probes: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        width: int = 256,
        depth: int = 5,
        features: int = 32,
        frequency: float = 1.0,
        norm: bool = False,
        activation: str = "mish",
        backbone: Mapping[str, Any] | None = None,
        time_exponent: float = 0.0,
        coupling: str = "none",
        regularisation: float = 0.1,
        near: float = 0.01,
        solver: str = "tsit5",
        steps: int = 1000,
        rtol: float = 1e-4,
        atol: float = 1e-6,
        divergence: str = "exact",
        probes: int = 1,
    ) -> None:
        for what, name, names in (
            ("solver", solver, (*METHODS, "tsit5")),
            ("coupling", coupling, COUPLINGS),
            ("divergence", divergence, DIVERGENCES),
        ):
            if name not in names:
                raise ValueError(f"Expected a {what} among {', '.join(names)}; got {name!r}.")
        if time_exponent <= -1:
            raise ValueError(f"Expected a time_exponent above -1; got {time_exponent}.")
        mlp = partial(
            MLPBackbone,
            width=width,
            depth=depth,
            features=features,
            frequency=frequency,
            norm=norm,
            activation=activation,
        )
        make = mlp if backbone is None else partial(backbone_of, backbone)
        self.network = make(key=key, theta_dim=theta_dim, y_shape=y_shape)
        self.dim = theta_dim
        self.time_exponent = time_exponent
        self.coupling, self.regularisation, self.near = coupling, regularisation, near
        self.solver, self.steps, self.rtol, self.atol = solver, steps, rtol, atol
        self.divergence, self.probes = divergence, probes

    @property
    def passes(self) -> int:
        return {"euler": self.steps, "midpoint": 2 * self.steps, "heun": 2 * self.steps}.get(
            self.solver, 1
        )

    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        del progress
        key_noise, key_time = jax.random.split(key)
        noise = jax.random.normal(key_noise, theta.shape, theta.dtype)
        return self._error(noise, theta, y, jax.random.uniform(key_time, (), theta.dtype))

    def validation_loss(
        self, theta: Float[Array, " dim"], y: Float[Array, "*event"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        noise = jax.random.normal(key, (VALIDATION_TIMES, *theta.shape), theta.dtype)
        shares = (jnp.arange(VALIDATION_TIMES, dtype=theta.dtype) + 0.5) / VALIDATION_TIMES
        errors = jax.vmap(lambda noise, share: self._error(noise, theta, y, share))(noise, shares)
        return jnp.mean(errors)

    def batch_loss(
        self,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n *event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        """With times that are spread evenly over the batch."""
        del progress
        key_pairs, key_time = jax.random.split(key)
        noise, theta, y = self._paired(key_pairs, theta, y)
        shares = stratified(key_time, len(theta), theta.dtype)
        return jnp.mean(jax.vmap(self._error)(noise, theta, y, shares))

    def batch_validation_loss(
        self, theta: Float[Array, "n dim"], y: Float[Array, "n *event"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        if self.coupling == "none":
            return super().batch_validation_loss(theta, y, key=key)
        size = min(AT_ONCE, len(theta))
        batches = len(theta) // size  # what is left over is not coupled, and left out

        def one(inputs) -> Array:
            key, theta, y = inputs
            noise, theta, y = self._paired(key, theta, y)
            shares = (jnp.arange(size, dtype=theta.dtype) + 0.5) / size
            return jnp.mean(jax.vmap(self._error)(noise, theta, y, shares))

        parts = [
            leaf[: batches * size].reshape(batches, size, *leaf.shape[1:]) for leaf in (theta, y)
        ]
        return jnp.mean(jax.lax.map(one, (jax.random.split(key, batches), *parts)))

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        velocity = jax.vmap(self.network, (0, None, None))
        field = lambda t, x: velocity(x, t, y)  # noqa: E731
        carry = lambda noise, _: solve(field, noise, 0.0, 1.0, **self._settings()).state  # noqa: E731
        key_noise, key = jax.random.split(key)
        return from_noise(key_noise, key, carry, num, self.dim)

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        directions = None
        if self.divergence == "hutchinson":
            shape = (self.probes, self.dim)
            signs = jax.random.rademacher(jax.random.key(0), shape, theta.dtype)
            directions = signs / self.probes**0.5
        field = lambda t, x: self.network(x, t, y)  # noqa: E731
        return log_density(field, theta, 1.0, 0.0, directions=directions, **self._settings())

    def _settings(self) -> dict[str, Any]:
        """Of the solver."""
        names = {"method": self.solver, "steps": self.steps}
        return names | {"rtol": self.rtol, "atol": self.atol}

    def _paired(self, key: PRNGKeyArray, theta: Array, y: Array) -> tuple[Array, Array, Array]:
        """Noise, and the theta and y that go with it."""
        key_noise, key_plan = jax.random.split(key)
        noise = jax.random.normal(key_noise, theta.shape, theta.dtype)
        if self.coupling == "none":
            return noise, theta, y
        condition = y.reshape(len(y), -1) if self.coupling == "conditional_optimal" else None
        which = pair(
            key_plan, noise, theta, condition, regularisation=self.regularisation, near=self.near
        )
        return noise, theta[which], y[which]

    def _error(
        self,
        noise: Float[Array, " dim"],
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        share: Float[Array, ""],
    ) -> Float[Array, ""]:
        """The velocity's squared error at the time below which the share lies (Lipman et al., equation 23)."""
        time = share ** (1 / (1 + self.time_exponent))
        at = time * theta + (1 - time) * noise
        return jnp.mean((self.network(at, time, y) - (theta - noise)) ** 2)
