"""A simulator that JAX cannot trace: a plain function of NumPy arrays, or an external command.

The workflow runs it, in chunks, ahead of all else (`inversion chunk`); whoever needs a likelihood, or a fresh y in the
middle of a training, is refused.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.registry import resolve
from inversion.tasks.columns import Columns
from inversion.tasks.outside import CHUNK, MOST_LOST
from inversion.tasks.task import AbstractTask


class BlackBox(AbstractTask):
    """A prior, a simulator that is only run, and the `shape` of one y.

    - `prior`: a list, in the order of theta, of each coordinate's name and scalar distribution of NumPyro, `{name:
      mass, kind: Uniform, low: 0, high: 1}`; or `package.module:prior`, a function without arguments that gives the
      distribution of all theta;
    - `simulator`: `package.module:function`, called as `function(theta, rng)` for one theta of shape (dim,), with a
      `numpy.random.Generator` as its only source of chance, for one y of shape `shape`; or
    - `command`: the words of an external command, which is run once for each theta (`inversion.cli.command`), in at
      most `timeout` seconds; `files` are those that it rests on and does not name;
    - `chunk` pairs are one job; when more than a share `most_lost` of the pairs failed or are not finite, and chance
      does not explain it, the run stops.
    """

    priors: str | tuple = eqx.field(static=True)
    shape: tuple[int, ...] = eqx.field(static=True)
    simulator: str | None = eqx.field(static=True)
    command: tuple[str, ...] | None = eqx.field(static=True)
    timeout: float | None = eqx.field(static=True)
    chunk: int = eqx.field(static=True)
    most_lost: float = eqx.field(static=True)
    files: tuple[str, ...] = eqx.field(static=True)

    def __init__(
        self,
        *,
        prior: str | Sequence[Mapping[str, Any]],
        shape: Sequence[int],
        simulator: str | None = None,
        command: Sequence[str] | None = None,
        timeout: float | None = None,
        chunk: int = CHUNK,
        most_lost: float = MOST_LOST,
        files: Sequence[str] = (),
    ) -> None:
        if (simulator is None) == (command is None):
            got = "none" if command is None else "both"
            raise ValueError(
                f"Expected a black_box with either a simulator or a command; got {got}."
            )
        if simulator is not None and timeout is not None:
            raise ValueError(
                "Expected timeout with a command, which can be ended; got a simulator."
            )
        if timeout is not None and not timeout > 0:
            raise ValueError(f"Expected timeout in seconds, above 0; got {timeout}.")
        if chunk < 1 or not 0 <= most_lost <= 1:
            raise ValueError(
                f"Expected chunk of at least 1 and most_lost from 0 to 1; got {chunk} and {most_lost}."
            )
        if not shape or isinstance(shape, str | int) or min(shape) < 1:
            raise ValueError(f"Expected shape, that of one y, as a list like [20]; got {shape!r}.")
        self.shape, self.chunk, self.most_lost = tuple(shape), chunk, float(most_lost)
        self.simulator, self.timeout, self.files = simulator, timeout, tuple(files)
        self.command = None if command is None else tuple(map(str, command))
        self.priors = prior if isinstance(prior, str) else _as_tuple(prior)
        _check(self.prior())

    def prior(self) -> dist.Distribution:
        if isinstance(self.priors, str):
            return resolve({}, self.priors)()
        return Columns(*(_distribution(dict(each)) for each in self.priors))

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, " dim"]) -> NoReturn:
        raise ValueError(
            "Expected a task that JAX can simulate, as fresh noise needs it; got a black_box, which only "
            "`inversion chunk` runs."
        )

    @property
    def event_shape(self) -> tuple[int, ...]:
        return self.shape

    @property
    def theta(self) -> tuple[str, ...]:
        """The names of the coordinates; none where a function gives the prior."""
        if isinstance(self.priors, str):
            return ()
        return tuple(str(dict(entry)["name"]) for entry in self.priors)

    @property
    def min_rows(self) -> int:
        """A y of rows has all of them."""
        return self.shape[0]


def _as_tuple(prior: Sequence[Mapping[str, Any]]) -> tuple:
    if not isinstance(prior, list | tuple) or not prior:
        raise ValueError(
            "Expected prior to list a distribution for each coordinate of theta, or package.module:name; "
            f"got {prior!r}."
        )
    for entry in prior:
        if not isinstance(entry, Mapping) or not {"name", "kind"} <= set(entry):
            raise ValueError(
                f"Expected entries of prior like {{name: mass, kind: Uniform, low: 0, high: 1}}; got {entry!r}."
            )
    names = [str(entry["name"]) for entry in prior]
    if len(set(names)) < len(names):
        raise ValueError(f"Expected a name of its own for each coordinate; got {', '.join(names)}.")
    return tuple(tuple(sorted(entry.items())) for entry in prior)


def _distribution(settings: dict[str, Any]) -> dist.Distribution:
    """The scalar distribution of one coordinate."""
    name, kind = settings.pop("name"), settings.pop("kind")
    known = {other for other in dir(dist) if _is_distribution(getattr(dist, other))}
    if kind not in known:
        close = get_close_matches(str(kind), known, n=1)
        hint = f", did you mean {close[0]!r}?" if close else "."
        raise ValueError(
            f"Expected prior.{name}.kind to be a distribution of NumPyro; got {kind!r}{hint}"
        )
    try:
        made = getattr(dist, kind)(**{key: float(value) for key, value in settings.items()})
    except (TypeError, ValueError) as error:
        said = str(error).splitlines()[0].rstrip(".")
        raise ValueError(
            f"Expected settings that {kind} takes in prior.{name}; got: {said}."
        ) from None
    if made.event_shape or made.is_discrete:
        raise ValueError(
            f"Expected a continuous number's distribution in prior.{name}; got {kind}."
        )
    return made


def _is_distribution(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, dist.Distribution)


def _check(prior: Any) -> None:
    """What a wrong setting of a distribution comes to: draws outside its own support, or none."""
    if not isinstance(prior, dist.Distribution) or prior.batch_shape or len(prior.event_shape) != 1:
        shape = getattr(prior, "event_shape", type(prior).__name__)
        raise ValueError(
            f"Expected a prior that is a distribution of vectors, of event shape (dim,); got {shape}."
        )
    draws = prior.sample(jax.random.key(0), (10,))
    if not (jnp.isfinite(draws).all() and jnp.all(prior.support(draws))):
        raise ValueError(
            f"Expected a prior with finite draws inside its own support; got {draws[0].tolist()}."
        )
