"""A registry is a plain dictionary from a kind to `package.module:Name`, imported when it is used.

`kind:` in params.yaml also takes `package.module:Name` itself, so that a user's own task or method runs
through the whole study from outside this repository.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any


def resolve(registry: Mapping[str, str], kind: str) -> Callable[..., Any]:
    """The constructor that `kind` names."""
    target = registry.get(kind, kind)
    if ":" not in target:
        raise ValueError(f"Expected a kind among {', '.join(registry)}{_hint(kind, registry)}.")
    module, name = target.split(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise ValueError(
            f"Expected module {module!r} of kind {kind!r} to be importable; got: no module "
            f"{error.name!r} (is its folder on PYTHONPATH?)."
        ) from None
    except AttributeError:
        raise ValueError(f"Expected {name!r} in module {module!r}; got none.") from None


def build(registry: Mapping[str, str], entry: Mapping[str, Any], **given: Any) -> Any:
    """The member that a params.yaml entry describes: `kind` picks it, the other keys are its settings."""
    settings = {name: value for name, value in entry.items() if name != "kind"}
    constructor = resolve(registry, entry["kind"])
    allowed = [name for name in inspect.signature(constructor).parameters if name not in given]
    for name in settings:
        if name not in allowed:
            raise ValueError(
                f"Expected a setting of {entry['kind']!r} among {', '.join(allowed) or 'none'}"
                f"{_hint(name, allowed)}."
            )
    try:
        return constructor(**given, **settings)
    except TypeError as error:
        raise ValueError(
            f"Expected settings that {entry['kind']!r} takes; got: {error}."
        ) from error


def _hint(got: str, allowed: object) -> str:
    close = get_close_matches(got, list(allowed), n=1)
    return f"; got {got!r}" + (f", did you mean {close[0]!r}" if close else "")
