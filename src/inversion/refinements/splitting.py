"""Plug-and-play by splitting: a step of the prior and a step to the data take turns until they agree.

Half-quadratic splitting (Geman and Yang, 1995; Zhang, Zuo, Gu and Zhang, 2017) and, with the scaled dual variable u,
ADMM (Boyd et al., 2011; Venkatakrishnan, Bouman and Wohlberg, 2013). Iterate, for x and the prior's side of it, x~:

    x~ = prior step of x + u
    x  = argmin -log p(y | x) + mu |x - (x~ - u)|^2 / 2
    u  = u + x - x~                                         (half-quadratic splitting: u = 0)

`prior_steps` says what the prior's step may be. With T the prior's map to its latent space and T an isometry up to a
scale s, both reach the MAP with tau = mu s^2 - 1 (half-quadratic) or tau = mu s^2 (ADMM). Either way these are point
estimates: their spread is that of the starts.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from inversion.inverted import Inverted, Verdict
from inversion.posterior import AbstractTransport
from inversion.refinements.prior_steps import PRIOR_STEPS, Split
from inversion.refinements.refinement import AbstractRefinement
from inversion.tasks.task import SmoothTask

CONVERGED = 0.9  # of the starts, for the iteration to be accepted


class State(NamedTuple):
    """Where the starts are."""

    x: Float[Array, "num dim"]
    pulled: Float[Array, "num dim"]  # x~
    dual: Float[Array, "num dim"]  # u
    lengths: Float[Array, "num 2"]  # of the inner steps, where there are any
    residuals: Float[Array, "num 2"]  # |x - x~| and the change of x~, relative
    active: Bool[Array, " num"]
    steps: Float[Array, " num"]


class AbstractSplitting(AbstractRefinement):
    """At most `iterations` from each of `num` starts, mu growing geometrically over `mu` in the first `ramp` of them.

    tau takes the rule above with `scale` for s, unless it is given as [first, last] as well. After the ramp a start
    stops where both residuals lie below `tolerance`. `split` names the prior's step, and `inner` the gradient steps
    within a step that has no closed form. The paths of the first `traced` starts are kept: x after every x~.
    """

    needs = SmoothTask
    double = False  # single precision resolves a tenth of the tolerance
    dual: ClassVar[float]  # 1 with a dual variable, 0 without
    iterations: int = eqx.field(static=True)
    mu: tuple[float, float] = eqx.field(static=True)
    tau: tuple[float, float] = eqx.field(static=True)
    ramp: int = eqx.field(static=True)
    split: str = eqx.field(static=True)
    inner: int = eqx.field(static=True)
    tolerance: float = eqx.field(static=True)
    traced: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        iterations: int,
        mu: tuple[float, float],
        tau: tuple[float, float] | None = None,
        scale: float = 1.0,
        ramp: int | None = None,
        split: str = "pulled_back",
        inner: int = 10,
        tolerance: float = 1e-4,
        traced: int = 12,
    ) -> None:
        if not 0 < mu[0] <= mu[1]:
            raise ValueError(f"Expected mu as [first, last] with 0 < first <= last; got {mu}.")
        tau = tuple(m * scale**2 - (1 - self.dual) for m in mu) if tau is None else tuple(tau)
        if not 0 < tau[0] <= tau[1]:
            raise ValueError(
                f"Expected tau as [first, last] with 0 < first <= last; got {tau} for mu {mu}."
            )
        if split not in PRIOR_STEPS:
            raise ValueError(f"Expected a split among {', '.join(PRIOR_STEPS)}; got {split!r}.")
        ramp = iterations if ramp is None else ramp
        if not (1 <= ramp <= iterations and inner > 0 and tolerance > 0 and traced > 0):
            raise ValueError(
                "Expected ramp from 1 to iterations and inner, tolerance and traced above 0; "
                f"got {ramp} of {iterations}, {inner}, {tolerance} and {traced}."
            )
        self.iterations, self.mu, self.tau, self.ramp = iterations, tuple(mu), tau, ramp
        self.split, self.inner, self.tolerance, self.traced = split, inner, tolerance, traced

    def invert(
        self,
        key: PRNGKeyArray,
        task: SmoothTask,
        prior: AbstractTransport,
        y: Float[Array, "*event"],
        num: int,
    ) -> Inverted:
        split = PRIOR_STEPS[self.split](task, prior, y, self.inner)
        start = jax.vmap(split.enter)(prior.sample(key, y, num))
        mu, tau = (self._schedule(ends) for ends in (self.mu, self.tau))
        traced = min(self.traced, num)
        path = jnp.tile(start[:traced], (1 + 2 * self.iterations, 1, 1))
        record = jnp.full((self.iterations, 3), jnp.nan)

        def unfinished(carry) -> Array:
            state, _, _, k = carry
            return (k < self.iterations) & jnp.any(state.active)

        def iterate(carry):
            state, path, record, k = carry
            moved = self._step(split, state, mu[k], tau[k], mu[k] / mu[jnp.maximum(k - 1, 0)])
            close = jnp.all(moved.residuals < self.tolerance, axis=1)
            moved = moved._replace(active=~close | (k < self.ramp - 1))
            state = jax.tree.map(
                lambda new, old: jnp.where(_along(state.active, new), new, old),
                moved,
                state,
            )
            path = path.at[1 + 2 * k].set(state.pulled[:traced])
            path = path.at[2 + 2 * k].set(state.x[:traced])
            share = jnp.mean(jnp.all(state.residuals < self.tolerance, axis=1))
            row = jnp.quantile(state.residuals, CONVERGED, axis=0)
            return state, path, record.at[k].set(jnp.append(row, share)), k + 1

        nothing = jnp.zeros_like(start)
        lengths = jnp.full((num, 2), 1 / self.mu[1])
        ones = jnp.full((num, 2), jnp.inf)
        state = State(start, start, nothing, lengths, ones, jnp.ones(num, bool), jnp.zeros(num))
        state, path, record, k = jax.lax.while_loop(unfinished, iterate, (state, path, record, 0))
        theta, calls = jax.vmap(split.leave)(state.x), split.calls(jnp.sum(state.steps), num)
        path = jnp.where(_along(jnp.arange(len(path)) <= 2 * k, path), path, state.x[:traced])
        path = jnp.swapaxes(jax.vmap(jax.vmap(split.leave))(path), 0, 1)
        return Inverted(theta, calls, path, ~jnp.isfinite(path).all(axis=-1), record)

    def verdict(self, task: SmoothTask, inverted: Inverted) -> Verdict:
        """Whether nine starts in ten have come to rest, for each observation."""
        records = [record[~np.isnan(record[:, 2])] for record in np.asarray(inverted.residuals)]
        shares = [float(record[-1, 2]) for record in records]
        reasons = [
            f"observation {at}: {share:.1%} of the starts below {self.tolerance:g}, fewer than {CONVERGED:.0%}"
            for at, share in enumerate(shares)
            if not share >= CONVERGED
        ]
        numbers = {
            "converged": shares,
            "iterations": [len(record) for record in records],
            "primal": [float(record[-1, 0]) for record in records],
            "dual": [float(record[-1, 1]) for record in records],
        }
        return Verdict(not reasons, reasons, numbers)

    def _schedule(self, ends: tuple[float, float]) -> Float[Array, " iteration"]:
        ramp = jnp.geomspace(*ends, self.ramp)
        return jnp.concatenate([ramp, jnp.full(self.iterations - self.ramp, ends[1])])

    def _step(self, split: Split, state: State, mu: Array, tau: Array, grown: Array) -> State:
        """One iteration of every start; the scaled dual variable shrinks as mu grows."""
        x, before, dual = state.x, state.pulled, state.dual / grown
        first, second = state.lengths.T
        pulled, first = split.prior_step(x + dual, before, mu, tau, first)
        fit = jax.vmap(split.fit, (0, 0, None, 0))
        fitted, second = fit(pulled - dual, x, mu, second)
        dual = self.dual * (dual + fitted - pulled)
        relative = jax.vmap(_relative)
        residuals = [relative(fitted - pulled, fitted), relative(pulled - before, pulled)]
        lengths, residuals = (jnp.stack(pair, axis=1) for pair in ([first, second], residuals))
        return State(fitted, pulled, dual, lengths, residuals, state.active, state.steps + 1)


class HalfQuadraticSplitting(AbstractSplitting):
    """Without a dual variable: at a finite mu the two sides never quite agree."""

    dual = 0.0


class Admm(AbstractSplitting):
    """With a dual variable, which makes the two sides agree at any mu."""

    dual = 1.0


def _along(flags: Bool[Array, " n"], of: Array) -> Bool[Array, "n *ones"]:
    """The flags with an axis of one for each further axis of `of`."""
    return flags.reshape(flags.shape + (1,) * (of.ndim - 1))


def _relative(change: Float[Array, " dim"], of: Float[Array, " dim"]) -> Float[Array, ""]:
    return jnp.linalg.norm(change) / jnp.maximum(jnp.linalg.norm(of), jnp.finfo(of.dtype).tiny)
