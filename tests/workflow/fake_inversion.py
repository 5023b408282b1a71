"""Stands in for `inversion` in tests of the workflow: each output is a hash of the arguments and the inputs.

The ledger's records differ each time, as seconds do. FAKE_LOG names a file that gets a line for each job;
FAKE_SLEEP delays the writing, FAKE_FAIL names a verb that fails.
The verbs that handle the records of the two engines are the real ones.
"""

import hashlib
import os
import sys
import time
from pathlib import Path

OUTPUTS = ("--out", "--observations", "--history", "--cost", "--record", "--netcdf", "--curves")
TABLES = ("--scores", "--costs", "--breakeven", "--numbers")
REPORT = ("report/_variables.yml", "report/_generated/table.md", "report/_site/index.html")
REAL = ("sync", "commit", "clean")


def options(arguments: list[str]) -> dict[str, list[str]]:
    """Values by option; what stands before the first option belongs to the empty name."""
    found, name = {"": []}, ""
    for argument in arguments:
        if argument.startswith("--"):
            name = argument
            found[name] = []
        else:
            found[name].append(argument)
    return found


def digest(value: str) -> bytes:
    path = Path(value)
    if not value.startswith("{") and path.is_file():
        return hashlib.sha256(path.read_bytes()).digest()
    return value.encode()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    temporary.write_text(text)
    os.replace(temporary, path)


def job(verb: str, given: dict[str, list[str]], outputs: tuple[str, ...]) -> None:
    """Write every output as a hash of the verb, the arguments and the inputs."""
    state = hashlib.sha256(verb.encode())
    for name, values in sorted(given.items()):
        for value in values if name not in outputs else ():
            state.update(digest(value))
    for name in outputs:
        for path in given.get(name, ()):
            seconds = os.urandom(8).hex() if name == "--cost" else ""
            mark = f"{state.hexdigest()} {name} {Path(path).suffix} {seconds}\n"
            write(Path(path), mark * (1 if name == "--cost" else 1000))


def tables(given: dict[str, list[str]]) -> None:
    """Scores from the scores' files; the others from the ledger as well."""
    for name in TABLES:
        folders = ["scores"] if name == "--scores" else ["scores", "costs"]
        files = [
            path for folder in folders for path in sorted(Path("results", folder).rglob("*.csv"))
        ]
        state = hashlib.sha256(b"".join(path.read_bytes() for path in files))
        write(Path(given[name][0]), state.hexdigest())


def report() -> None:
    inputs = [*sorted(Path("results").glob("*.*")), *sorted(Path("report").glob("*.qmd"))]
    state = hashlib.sha256(b"".join(path.read_bytes() for path in inputs))
    for path in REPORT:
        write(Path(path), state.hexdigest())


def main(arguments: list[str]) -> None:
    verb = arguments[0]
    if verb in REAL:
        os.execv(sys.executable, [sys.executable, "-m", "inversion.cli.main", *arguments])
    if verb == os.environ.get("FAKE_FAIL"):
        print("inversion: Expected something else; got FAKE_FAIL.", file=sys.stderr)
        sys.exit(2)
    given = options(arguments[1:])
    time.sleep(float(os.environ.get("FAKE_SLEEP", 0)))
    if verb == "tables":
        tables(given)
    elif verb == "report":
        report()
    else:
        job(verb, given, OUTPUTS)
    if "FAKE_LOG" in os.environ:
        with open(os.environ["FAKE_LOG"], "a") as log:
            log.write(f"{verb} {given.get('--out', [''])[0]}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
