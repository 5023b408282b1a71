"""What all tests share: one thread a process, quick compiling, and no compilation cache outside the test's folder."""

import gc
import os
import sys

import pytest

from inversion.compiling import QUICK

os.environ.setdefault("NPROC", "1")
os.environ["INVERSION_COMPILE_CACHE"] = ""
os.environ.setdefault("XLA_FLAGS", " ".join(f"--{k}={str(v).lower()}" for k, v in QUICK.items()))


def pytest_configure(config) -> None:
    config.addinivalue_line("markers", "slurm: runs the study through a Slurm cluster of this host")
    config.addinivalue_line("markers", "slow: runs the workflow, up to minutes")


def pytest_collection_modifyitems(items) -> None:
    """The files that take longest are given out first: last, one of them would keep one worker busy alone."""
    longest = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in longest)


@pytest.fixture(scope="module", autouse=True)
def _programs_are_dropped():
    """After each file: thousands of compiled programs take gigabytes, and more memory maps than a process may have."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()
