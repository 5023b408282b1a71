"""What a user hands to infer and certify: a trained model to draw from, the certificate beside it, a seed."""

import hashlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8


def load(path: str):
    """A model to draw from; one of another version, or of a mean and quantiles, is refused."""
    import inversion
    from inversion.estimators.trained import FORMAT
    from inversion.posterior import AbstractPoints

    check_version(Path(path), FORMAT)
    try:
        model = inversion.load(str(path))
    except KeyError as error:
        raise ValueError(f"Expected {error} in the header of {path}; got none.") from None
    if isinstance(model, AbstractPoints):
        raise ValueError(
            "Expected a model to draw from; got one of a mean and quantiles (inversion.load gives its points)."
        )
    return model


def check_version(path: Path, known: str) -> None:
    """Refuse a model that another version of this program has written; other faults are the loader's to tell."""
    with path.open("rb") as file:
        line = file.readline(1_000_000).decode(errors="replace")
    family = known.rpartition("-")[0]
    start = line.find(f'"{family}-')
    if start < 0:
        return
    found = line[start + 1 :].split('"', 1)[0]
    if found != known:
        raise ValueError(
            f"Expected a model of the format {known} in {path}; got {found}, of another version of inversion."
        )


def digest(path: Path) -> UInt8[np.ndarray, "16"]:
    """Tells one model's file from another's."""
    return np.frombuffer(hashlib.blake2b(path.read_bytes(), digest_size=16).digest(), np.uint8)


def certificate_of(path: Path):
    """The certificate beside a model, None where there is none; that of another model is refused."""
    from inversion.trust.certificate import Certificate, beside

    kept = beside(path)
    if not kept.exists():
        return None
    certificate = Certificate.load(kept)
    if certificate.model is not None and not np.array_equal(certificate.model, digest(path)):
        raise ValueError(
            f"Expected the certificate of {path} in {kept}; got that of another model: `inversion certify` makes it "
            "anew from held-out pairs."
        )
    return certificate


def check_seed(seed: int) -> None:
    """Refuse what would be another seed in 32 bits."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"Expected --seed from 0 to {2**32 - 1}; got {seed}.")
