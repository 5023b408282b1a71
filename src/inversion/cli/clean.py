"""`inversion clean`: free the caches. The results, and every version of them that a commit names, stay.

Up to three copies of a result lie on disk: in results/, in DVC's cache and in Snakemake's. The second and the third
are emptied here, DVC's of what no commit names; what Snakemake's cache held is made again when it is needed.
"""

import argparse
import os
import shutil
from pathlib import Path

from inversion.cli.phases import CACHE, call, read_phases

CACHES = (CACHE, ".cache/logs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep-versions", action="store_true", help="leave what DVC's cache holds for no commit"
    )


def run(arguments: argparse.Namespace) -> None:
    for phase in read_phases():
        for path in phase.files():
            if path.is_symlink():
                _materialise(path)
    freed = sum(_size_bytes(Path(cache)) for cache in CACHES)
    for cache in CACHES:
        shutil.rmtree(cache, ignore_errors=True)
    if not arguments.keep_versions:
        before = _size_bytes(Path(".dvc/cache"))
        call("dvc", "gc", "--all-commits", "--all-experiments", "--force", "--quiet")
        freed += before - _size_bytes(Path(".dvc/cache"))
    print(f"freed {freed / 1e6:.1f} MB")


def _materialise(path: Path) -> None:
    """A copy in place of a link into a cache, so that the cache can go."""
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    shutil.copy2(path, temporary)
    os.replace(temporary, path)


def _size_bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
