"""Three ways to invert an observation for an unknown, held against exact references and put on one ledger of cost."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inversion.posterior import AbstractPosterior


def load(path: str) -> "AbstractPosterior":
    """Load a trained model as a posterior; JAX is imported here, not by `import inversion`."""
    from inversion.estimators.trained import load_model

    return load_model(path)
