"""What all tests share: one thread a process, and no compilation cache outside the test's folder."""

import os

os.environ.setdefault("NPROC", "1")
os.environ["INVERSION_COMPILE_CACHE"] = ""


def pytest_configure(config) -> None:
    config.addinivalue_line("markers", "slurm: runs the study through a Slurm cluster of this host")
