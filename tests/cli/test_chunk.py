"""Black boxes by the chunk: the same pairs however they are cut, and every loss counted for its reason."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inversion.cli.chunk import LOST
from inversion.cli.command import Command, read_y
from inversion.cli.main import main
from inversion.records import Simulations

PRIOR = [{"name": name, "kind": "Normal", "loc": 0, "scale": 1} for name in "ab"]
FUNCTIONS = """
import sys
import numpy as np

def noisy(theta, rng):
    return np.append(theta, rng.normal())

def failing(theta, rng):
    number = int(1000 * abs(theta[0]))
    if number % 5 == 0: raise KeyError("unlucky")
    if number % 5 == 1: return theta[:1]
    if number % 5 == 2: return [np.nan, *theta]
    if number % 5 == 3: return "nothing", "at", "all"
    theta[:] = 7.0
    return np.ones(3)

def leaving(theta, rng):
    sys.exit(3)

def huge(theta, rng):
    return np.full(3, 1e300)
"""
ENTRY = {"kind": "black_box", "prior": PRIOR, "shape": [3], "most_lost": 1.0}


@pytest.fixture(autouse=True)
def _functions(tmp_path, monkeypatch):
    (tmp_path / "boxes.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "boxes", raising=False)


def gathered(folder: Path, asked: int, **entry) -> tuple[Simulations, dict]:
    """The pairs and the record of a small run, chunk by chunk."""
    entry = ENTRY | entry
    cell = {
        "root_seed": 0,
        "task": "box",
        "task_entry": entry,
        "budget": asked,
        "seed": 0,
        "pairs": f"{asked}/0",
    }
    size, paths = entry.get("chunk", 100), []
    for chunk in reversed(range(-(-asked // size))):
        path = folder / f"{size}_{chunk}.npz"
        outputs = ["--out", str(path), "--cost", str(path.with_suffix(".csv"))]
        assert main(["chunk", "--cell", json.dumps(cell | {"chunk": chunk}), *outputs]) == 0
        paths.insert(0, path)
    out, record = folder / f"{size}.npz", folder / f"{size}.json"
    command = ["gather", "--cell", json.dumps(cell), "--chunks", *map(str, paths)]
    assert main([*command, "--out", str(out), "--record", str(record)]) == 0
    ledgers = [str(path.with_suffix(".csv")) for path in paths]
    total = [
        "total",
        "--cell",
        json.dumps(cell),
        "--chunks",
        *ledgers,
        "--cost",
        str(folder / "total.csv"),
    ]
    assert main(total) == 0
    return Simulations.load(out), json.loads(record.read_text())


def kinds_of(theta: np.ndarray, num: int) -> np.ndarray:
    """How many pairs the simulators above treat in each way: a float32 tells the same digits as its float64."""
    return np.bincount((1000 * np.abs(theta[:, 0].astype(float))).astype(int) % num, minlength=num)


def refused(capsys, folder: Path, asked: int, **entry) -> str:
    cell = {
        "root_seed": 0,
        "task": "box",
        "task_entry": ENTRY | entry,
        "budget": asked,
        "seed": 0,
        "chunk": 0,
    }
    outputs = ["--out", str(folder / "x.npz"), "--cost", str(folder / "x.csv")]
    assert main(["chunk", "--cell", json.dumps(cell), *outputs]) == 2
    assert not (folder / "x.npz").exists()
    return capsys.readouterr().err.splitlines()[-1]


def test_the_size_of_the_chunks_and_their_order_change_no_bit(tmp_path):
    (few, record), (many, _) = (
        gathered(tmp_path, 50, simulator="boxes:noisy", chunk=size) for size in (50, 7)
    )
    assert few.theta.tobytes() == many.theta.tobytes()
    assert few.y.tobytes() == many.y.tobytes()
    assert record == {"asked": 50, "kept": 50, "lost": dict.fromkeys(LOST, 0)}
    assert len(np.unique(few.y[:, 2])) == 50, "each pair has noise of its own"
    np.testing.assert_array_equal(few.y[:, :2], few.theta)
    ledger = pd.read_csv(tmp_path / "total.csv", keep_default_na=False).iloc[0]
    assert (ledger["task"], ledger["budget"], ledger["verb"]) == ("box", 50, "simulate")
    assert (ledger["simulator_calls"], ledger["observations"]) == (50, 50)


def test_every_loss_is_counted_for_its_reason(tmp_path, capsys):
    pairs, record = gathered(tmp_path, 300, simulator="boxes:failing", chunk=64)
    said = capsys.readouterr()
    theta = gathered(tmp_path, 300, simulator="boxes:noisy", chunk=300)[0].theta
    kinds = kinds_of(theta, 5)
    expected = {"exception": kinds[0], "shape": kinds[1] + kinds[3], "not_finite": kinds[2]}
    assert record["lost"] == {"exit": 0, "timeout": 0, **expected}
    assert record["kept"] == len(pairs) == kinds[4]
    assert (np.abs(pairs.theta) < 6).all(), (
        "what the simulator does to its argument is its own affair"
    )
    assert (
        f"box 300/0: {kinds[4]} of 300 pairs are whole; left out: {kinds[0]} exception" in said.out
    )
    assert said.err.count("exception: KeyError: 'unlucky'") == kinds[0]


@pytest.mark.parametrize(
    ("simulator", "reason"),
    [("leaving", "exception: SystemExit: 3"), ("huge", "not_finite: 3 of 3 numbers")],
)
def test_too_many_losses_are_one_line(tmp_path, capsys, simulator, reason):
    said = refused(capsys, tmp_path, 100, simulator=f"boxes:{simulator}", most_lost=0.1)
    assert said == (
        f"inversion: Expected about 10% of 100 pairs to be lost at most (most_lost); got 20. The last: {reason}"
    )


def test_losses_over_all_chunks_are_too_many(tmp_path, capsys):
    cell = {"root_seed": 0, "task": "box", "budget": 300, "seed": 0, "pairs": "300/0"}
    gathered(tmp_path, 300, simulator="boxes:failing", chunk=100)
    chunks = [str(tmp_path / f"100_{chunk}.npz") for chunk in range(3)]
    for most, message in ((0.5, "about 50% of 300 pairs"), (1.0, None)):
        entry = ENTRY | {"simulator": "boxes:failing", "chunk": 100, "most_lost": most}
        outputs = ["--out", str(tmp_path / "g.npz"), "--record", str(tmp_path / "g.json")]
        command = ["gather", "--cell", json.dumps(cell | {"task_entry": entry}), "--chunks"]
        capsys.readouterr()
        assert main([*command, *chunks, *outputs]) == (2 if message else 0)
        assert (message or "") in capsys.readouterr().err
    assert main([*command, *chunks[:2], *outputs]) == 2
    assert "Expected the chunks of 300 pairs; got" in capsys.readouterr().err


def test_a_simulator_that_is_not_there_is_one_line(tmp_path, capsys):
    assert "Expected module 'nowhere'" in refused(capsys, tmp_path, 5, simulator="nowhere:simulate")
    assert "Expected 'none' in module 'boxes'" in refused(
        capsys, tmp_path, 5, simulator="boxes:none"
    )
    said = refused(capsys, tmp_path, 5, command=["no-such-program"])
    assert (
        said
        == "inversion: Expected a command that can be run; got 'no-such-program', which is none."
    )


SCRIPT = """
import json, os, sys, time
theta = [float(x) for x in open(sys.argv[1]).read().split(",")] if len(sys.argv) > 1 else [
    float(x) for x in sys.stdin.readline().split(",")]
number = int(1000 * abs(theta[0])) % 4
if number == 0: sys.exit("first line\\nno luck")
if number == 1: print("not a number,2,3"); sys.exit()
if number == 2: print("1,inf,2"); sys.exit()
y = [*theta, int(os.environ["SEED"]) / 2**32]
if len(sys.argv) > 1: open(sys.argv[2], "w").write(json.dumps(y)); print(sys.argv[3])
else: print(*y, sep="\\n")
"""


def test_an_external_command_by_streams_or_by_files(tmp_path, capsys):
    (tmp_path / "run.py").write_text(SCRIPT)
    words = [sys.executable, "-S", str(tmp_path / "run.py")]
    pairs, record = gathered(tmp_path, 40, command=words, chunk=40)
    said = capsys.readouterr().err
    kinds = kinds_of(gathered(tmp_path, 40, simulator="boxes:noisy", chunk=40)[0].theta, 4)
    assert record["lost"] == {
        "exception": 0,
        "exit": kinds[0],
        "shape": kinds[1],
        "not_finite": kinds[2],
        "timeout": 0,
    }
    assert said.count("exit: no luck") == kinds[0] > 0
    np.testing.assert_array_equal(pairs.y[:, :2], pairs.theta)
    files = [*words, "{theta}", "{y}", "{seed}"]
    by_files, other = gathered(tmp_path, 40, command=files, chunk=40)
    assert by_files.y.tobytes() == pairs.y.tobytes()
    assert other["kept"] == record["kept"]


def test_a_command_that_takes_too_long_ends_with_all_that_it_started(tmp_path, capsys):
    alive = tmp_path / "alive"
    words = ["sh", "-c", f"(sleep 3; touch {alive}) & sleep 60; echo 1,2,3"]
    began = time.monotonic()
    _, record = _all_lost(tmp_path, capsys, command=words, timeout=0.3)
    assert time.monotonic() - began < 3
    assert record == "timeout: more than 0.3 s"
    time.sleep(3.5)
    assert not alive.exists()


def _all_lost(folder, capsys, **entry) -> tuple[str, str]:
    """The reason of the first loss of a run that allows none."""
    said = refused(capsys, folder, 2, most_lost=0.0, **entry)
    return said, said.split("The last: ")[1]


@pytest.mark.parametrize(
    ("text", "y"),
    [
        ("1,2,3\n", [1, 2, 3]),
        ("1\n2\n\n", [1, 2]),
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        (" [[[1]]]", [[[1]]]),
        ("5", [5]),
    ],
)
def test_what_a_command_writes(text, y):
    np.testing.assert_array_equal(read_y(text), np.asarray(y, float))


def test_a_command_that_does_not_read_or_write_is_no_hang():
    rng = np.random.default_rng(0)
    assert Command(["echo", "4,5"])(np.zeros(100_000), rng).tolist() == [4, 5]
    with pytest.raises(ValueError, match="no y was written"):
        Command(["true"])(np.zeros(2), rng)


def test_observations_given_by_their_values_run_nothing(tmp_path):
    cell = {"root_seed": 0, "task": "box", "task_entry": ENTRY | {"simulator": "nowhere:simulate"}}
    cell |= {"panel": "comparison", "pairs": "panels/comparison", "observations": [[1, 2, 3]]}
    outputs = ["--out", str(tmp_path / "g.npz"), "--record", str(tmp_path / "g.json")]
    assert main(["gather", "--cell", json.dumps(cell), "--chunks", *outputs]) == 0
    pairs = Simulations.load(tmp_path / "g.npz")
    assert pairs.y.tolist() == [[1, 2, 3]]
    assert np.isnan(pairs.theta).all()
    assert (
        main(["total", "--cell", json.dumps(cell), "--chunks", "--cost", str(tmp_path / "c.csv")])
        == 0
    )
    assert pd.read_csv(tmp_path / "c.csv")["simulator_calls"].tolist() == [0]
