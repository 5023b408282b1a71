"""Random keys from names: adding a task or a method leaves every other result bit for bit the same."""

import hashlib

import jax
from jaxtyping import PRNGKeyArray


def key_for(seed: int, *names: str | int) -> PRNGKeyArray:
    """The key of `names`, in this order, under `seed`."""
    digest = hashlib.blake2b("\x1f".join(map(str, names)).encode(), digest_size=16).digest()
    key = jax.random.key(seed)
    for start in range(0, len(digest), 4):
        key = jax.random.fold_in(key, int.from_bytes(digest[start : start + 4], "little"))
    return key
