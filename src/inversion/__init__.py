"""Three ways to invert an observation for an unknown, held against exact references and put on one ledger of cost."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inversion.posterior import AbstractPosterior


def load(path: str, **network: Any) -> "AbstractPosterior":
    """Load a trained model as a posterior; JAX is imported here, not by `import inversion`.

    `network` changes settings that leave the weights as they are, such as a solver and its number of steps.
    """
    from inversion.estimators.redrawn import redrawn
    from inversion.estimators.trained import load_model, read_header

    model = load_model(path)
    return redrawn(model, read_header(path), network) if network else model
