"""A posterior sampler of one pass, distilled from a diffusion prior: amortised posterior sampling, without pairs.

Mammadov, Chung and Ye, 2024 (arXiv 2407.17907), equation 11: with theta = G(z, y) of a conditional flow, minimise over
the observations E_z[-log p(y | theta) - b(theta) - log |det dG/dz|], b the diffusion bound on the prior's log p:
reverse KL from the posterior, up to log p(y). What reverse KL loses, modes, three things mend: a mixture in place of
one flow, with a draw from every member; a weight of the data that grows while it trains; more levels a sample.

Of many pixels the bound's gradient is mostly noise. `density: score` takes b for E_e[log p_s(theta + s e)], p_s the
prior under noise s, whose gradient is the score as the denoiser has it: no bound, and a prior blurred by s, but little
noise and no way back through the network; s falls while it trains, so that modes part late.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators import ESTIMATORS
from inversion.estimators.around import Around
from inversion.estimators.denoising_bound import log_density_bound
from inversion.estimators.estimator import AbstractDensityEstimator, AbstractEstimator
from inversion.estimators.from_noise import stratified
from inversion.estimators.gated import Components, Gated, components
from inversion.estimators.known_prior import KnownPrior
from inversion.estimators.normalising_flow import AbstractNormalisingFlow, context_dim
from inversion.estimators.standardisation import ROWS, Standardisation
from inversion.posterior import AbstractDenoiser
from inversion.registry import build
from inversion.tasks.task import AbstractTask, SmoothTask

TARGET = {"target": "inversion.estimators.distilled:Target"}
ANNEALED = ("all", "data")
DENSITIES = ("bound", "score", "exact")
FALLING = 0.7  # the share of the training over which the noise of `score` falls
VALIDATION_LEVELS = 8  # for each sample that is held out


class Distilled(AbstractDensityEstimator):
    """The flow that `flow` describes, a normalising or a gated one; `inversion distil` trains it without pairs.

    `around` is where it starts from: `regression`, of draws of the prior on measurements simulated from them, or the
    settings of a guess by the learned prior (`unrolled`), to which the command adds `prior` and `task`.
    """

    flow: AbstractNormalisingFlow | Gated
    around: Around | None

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        flow: Mapping[str, Any],
        around: str | Mapping[str, Any] | None = None,
    ) -> None:
        if not (isinstance(around, Mapping) or around in (None, "regression")):
            raise ValueError(
                f"Expected around: regression, or the settings of a guess; got {around!r}."
            )
        self.around = None
        if around is not None:
            guess = around if isinstance(around, Mapping) else None
            self.around = Around.untrained(
                theta_dim, context_dim(y_shape), guess, key=jax.random.fold_in(key, 1)
            )
        self.flow = build(ESTIMATORS, flow, key=key, theta_dim=theta_dim, y_shape=y_shape)
        if not isinstance(self.flow, (AbstractNormalisingFlow, Gated)):
            raise ValueError(f"Expected a normalising flow or a gated one; got {flow['kind']!r}.")

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        if self.around is None:
            return self.flow.log_prob(theta, y)
        return self.flow.log_prob(self.around.white(theta, y), y) - self.around.log_det

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        x = self.flow.sample(key, y, num)
        return x if self.around is None else self.around.coloured(x, y)

    def components(self, key: PRNGKeyArray, y: Float[Array, "n *event"]) -> Components:
        """As of a gated flow: one draw of each member for each y, with the density of the whole."""
        found = components(self.flow, key, y)
        if self.around is None:
            return found
        theta = jax.vmap(self.around.coloured, (1, 0), 1)(found.theta, y)
        return found._replace(theta=theta, log_prob=found.log_prob - self.around.log_det)


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the flow is drawn towards; the entry `target:` in params.yaml.

    `density`: the diffusion `bound`, at `levels` of noise for each sample, or, of a known prior, `exact`; `antithetic`
    takes each noise at its negative as well. `score` is that of the prior under noise of `most` down to `least` times
    its spread, at `levels` noises for each sample; it is validated by the bound. `starts` is how many draws each
    member makes for each y. The weight of the data grows geometrically from `first` to 1 over the share `anneal` of
    the training; with `annealed: all` that of the prior does as well.
    """

    levels: int = 1
    anneal: float = 0.0
    first: float = 0.01
    annealed: str = "data"
    density: str = "bound"
    most: float = 0.5
    least: float = 0.1
    starts: int = 1
    antithetic: bool = False

    def __post_init__(self) -> None:
        if self.levels < 1 or self.starts < 1:
            raise ValueError(
                f"Expected at least 1 of levels and starts; got {self.levels} and {self.starts}."
            )
        if not (0 <= self.anneal <= 1 and 0 < self.first <= 1):
            raise ValueError(
                f"Expected anneal in [0, 1] and first in (0, 1]; got {self.anneal} and {self.first}."
            )
        if not 0 < self.least <= self.most:
            raise ValueError(f"Expected 0 < least <= most; got {self.least} and {self.most}.")
        for what, name, names in (
            ("annealed", self.annealed, ANNEALED),
            ("density", self.density, DENSITIES),
        ):
            if name not in names:
                raise ValueError(f"Expected {what} among {', '.join(names)}; got {name!r}.")

    def weights(self, progress: Float[Array, ""]) -> tuple[Array, Array]:
        """Of the data and of the prior."""
        left = jnp.maximum(1 - progress / self.anneal, 0.0) if self.anneal else jnp.zeros(())
        weight = jnp.exp(left * jnp.log(self.first))
        return weight, weight if self.annealed == "all" else jnp.ones_like(weight)

    def noise(self, progress: Float[Array, ""]) -> Float[Array, ""] | None:
        """Of `score`, over the prior's spread; none of another density."""
        left = jnp.maximum(1 - progress / FALLING, 0.0)
        return self.least * (self.most / self.least) ** left if self.density == "score" else None


class Frozen(NamedTuple):
    """What the loss reads and the training leaves alone."""

    prior: AbstractDenoiser
    task: SmoothTask
    maps: Standardisation
    target: Target


class Distilling(AbstractEstimator):
    """`distilled` in training: its loss does not read theta.

    What is frozen stands behind a function, a leaf without parameters, which neither gradient nor optimiser sees.

    The loss is an upper bound on -log p(y), in nats, as far as the prior's density is one; trained by `score`, it
    lacks the prior's part, of which only the gradient is known.
    """

    distilled: Distilled
    frozen: Callable[[], Frozen]

    def __init__(
        self,
        distilled: Distilled,
        prior: AbstractDenoiser,
        task: AbstractTask,
        maps: Standardisation,
        target: Target,
    ) -> None:
        if not isinstance(task, SmoothTask):
            raise ValueError(
                f"Expected a task whose likelihood has a gradient; got {type(task).__name__}."
            )
        if len(task.event_shape) == ROWS or maps.y_scale != "linear":
            raise ValueError("Expected y of one set of numbers, on a linear scale; got another.")
        if target.density == "exact" and not isinstance(prior, KnownPrior):
            raise ValueError(
                "Expected `prior: known` for density: exact; got a learned one, whose density is an ODE's."
            )
        self.distilled = distilled
        frozen = Frozen(prior, task, maps, target)
        self.frozen = lambda: frozen

    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        return self.batch_loss(theta[None], y[None], key=key, progress=progress)

    def batch_loss(
        self,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n *event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        del theta
        target = self.frozen().target
        noise = target.noise(progress)
        return self._divergence(y, key, target.levels, target.weights(progress), noise)

    def batch_validation_loss(
        self, theta: Float[Array, "n dim"], y: Float[Array, "n *event"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        del theta
        levels, ones = (
            max(self.frozen().target.levels, VALIDATION_LEVELS),
            (jnp.ones(()), jnp.ones(())),
        )
        size = min(len(y), 256)
        parts = y[: len(y) // size * size].reshape(-1, size, *y.shape[1:])
        keys = jax.random.split(key, len(parts))
        each = lambda pair: self._divergence(*pair, levels, ones)  # noqa: E731
        return jnp.mean(jax.lax.map(each, (parts, keys)))

    @property
    def passes(self) -> int:
        """Of the prior's network for each y of a batch, and of what the flow lies around."""
        target, flow, around = self.frozen().target, self.distilled.flow, self.distilled.around
        members = flow.members if isinstance(flow, Gated) else 1
        levels = target.levels * (1 + target.antithetic) if target.density != "exact" else 0
        guess = around.guess if around is not None else None
        return target.starts * members * levels + (0 if guess is None else guess.passes)

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        return self.distilled.sample(key, y, num)

    def _divergence(
        self,
        seen: Array,
        key: PRNGKeyArray,
        levels: int,
        weights: tuple[Array, Array],
        smooth: Array | None = None,
    ) -> Float[Array, ""]:
        """E_q[log q(theta | y) - of_data log p(y | theta) - of_prior log p(theta)], the mean over y.

        With `smooth`, the noise of `score` over the prior's spread, only its gradient is that.
        """
        of_data, of_prior = weights
        prior, task, maps, target = self.frozen()
        key, key_levels, key_noise = jax.random.split(key, 3)
        seen = jnp.repeat(seen, target.starts, axis=0)
        y = seen * maps.y_std + maps.y_mean
        drawn = self.distilled.components(key, seen)
        shares = stratified(key_levels, len(y) * levels, y.dtype).reshape(levels, len(y)).T
        noise = jax.random.normal(key_noise, (len(y), levels, drawn.theta.shape[-1]), y.dtype)
        if target.antithetic:
            shares, noise = jnp.tile(shares, 2), jnp.concatenate([noise, -noise], axis=1)

        def energy(u: Array, y: Array, shares: Array, noise: Array) -> Array:
            theta = maps.theta_out(u, y)
            if target.density == "exact":
                log_prior = prior.log_prob(theta, y)
            elif smooth is not None:
                log_prior = smoothed(prior, theta, smooth * prior.spread, noise)
            else:
                log_prior = log_density_bound(prior, theta, shares, noise)
            log_q = maps.log_det(theta)
            return log_q - of_data * task.log_likelihood(theta, y) - of_prior * log_prior

        of_batch = jax.vmap(energy)
        of_members = jax.vmap(lambda u: of_batch(u, y, shares, noise))
        each = drawn.log_prob + of_members(drawn.theta)
        return jnp.mean(jnp.sum(drawn.weights * each, axis=0))


def smoothed(
    prior: AbstractDenoiser,
    theta: Float[Array, " dim"],
    sigma: Float[Array, ""],
    noise: Float[Array, "levels dim"],
) -> Float[Array, ""]:
    """0, with the gradient of E_e[log p_s(theta + s e)] by Tweedie's formula; one pass for each `noise`, none back."""
    z = theta + sigma * prior.scale * noise
    gaps = jax.vmap(lambda z: prior.denoised(z, sigma))(z) - z
    score = jnp.mean(gaps, axis=0) / (sigma * prior.scale) ** 2
    return jnp.dot(theta - jax.lax.stop_gradient(theta), jax.lax.stop_gradient(score))
