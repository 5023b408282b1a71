"""A Slurm cluster of this one host, on the loopback and without accounting: all that it writes lies in one folder.

    python tests/slurm/cluster.py up FOLDER      # prints the line to `eval`, after which sbatch finds the cluster
    python tests/slurm/cluster.py down FOLDER

It needs the commands of Debian's packages slurm-wlm and munge. Nothing of a Slurm that may run here is touched: ports,
sockets and keys are this cluster's own.
"""

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "sinfo")
DAEMONS = ("slurmd", "slurmctld", "munged")  # in the order in which they are stopped
WAIT_S = 30.0
SETTINGS = """\
ClusterName=loopback
SlurmctldHost={node}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={compute}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={node} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} State=UNKNOWN
PartitionName=main Nodes={node} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """The commands of Slurm and munge that this machine lacks."""
    return [name for name in COMMANDS if find(name) is None]


def find(name: str) -> str | None:
    """The path of a command; daemons lie in folders that only root has on its PATH."""
    return shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"]))


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """The cluster, up for as long as the block lasts; gives what the environment needs for sbatch to find it."""
    try:
        yield up(folder)
    finally:
        down(folder)


def up(folder: Path) -> dict[str, str]:
    """Start the three daemons; raises RuntimeError with the last lines of their logs if no node comes up."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    key = folder / "munge.key"
    key.touch(0o600)
    key.write_bytes(os.urandom(128))
    configuration = folder / "slurm.conf"
    configuration.write_text(settings(folder))
    environment = {"SLURM_CONF": str(configuration), "PATH": put_srun_first(folder)}
    files = {"key-file": key.name, "socket": "munge.socket", "pid-file": "munged.pid"}
    files |= {"log-file": "munged.log", "seed-file": "munge.seed"}
    options = [f"--{option}={folder / name}" for option, name in files.items()]
    start(folder, ["munged", "--force", *options], environment)
    wait_for(folder, "munged to answer", (folder / "munge.socket").exists)
    start(folder, ["slurmctld", "-c"], environment)
    start(folder, ["slurmd", "-N", node_name()], environment)
    idle = ["sinfo", "--noheader", "--states=idle", "--format=%n"]
    wait_for(folder, "an idle node", lambda: bool(call(idle, environment).stdout.strip()))
    return environment


def down(folder: Path) -> None:
    """Cancel what still runs, and stop the daemons, those alone that `up` started."""
    environment = {"SLURM_CONF": str(folder / "slurm.conf")}
    if (folder / "slurmctld.pid").exists():
        call(["scancel", "--quiet", "--partition=main"], environment)
    for name in DAEMONS:
        path = folder / f"{name}.pid"
        if path.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(path.read_text()), signal.SIGTERM)
    wait_for(folder, "the daemons to end", lambda: not any(map(lives, DAEMONS, [folder] * 3)))


def put_srun_first(folder: Path) -> str:
    """PATH with a `srun` that knows this cluster: Snakemake's jobs drop SLURM_CONF before they call it."""
    script = folder / "bin/srun"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f'#!/bin/sh\nSLURM_CONF="{folder}/slurm.conf" exec "{find("srun")}" "$@"\n')
    script.chmod(0o755)
    return f"{script.parent}{os.pathsep}{os.environ['PATH']}"


def settings(folder: Path) -> str:
    """slurm.conf: every processor and most of the memory of this host."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        controller, compute = (bound.getsockname()[1] for bound in (one, other))
    return SETTINGS.format(
        folder=folder.resolve(),
        node=node_name(),
        user=os.getuid(),
        cpus=os.cpu_count(),
        memory_mb=int(memory * 0.9),
        controller=controller,
        compute=compute,
    )


def node_name() -> str:
    return socket.gethostname().partition(".")[0]


def start(folder: Path, command: list[str], environment: dict[str, str]) -> None:
    """Start a daemon, which goes to the background by itself."""
    done = call([find(command[0]) or command[0], *command[1:]], environment)
    if done.returncode:
        raise RuntimeError(
            f"Expected {command[0]} to start; got: {done.stderr.strip()}{last_words(folder)}"
        )


def call(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=WAIT_S
    )


def lives(name: str, folder: Path) -> bool:
    path = folder / f"{name}.pid"
    return path.exists() and Path("/proc", path.read_text().strip()).exists()


def wait_for(folder: Path, what: str, reached: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not reached():
        if time.monotonic() > end:
            raise RuntimeError(
                f"Expected {what} within {WAIT_S:g} s; got none.{last_words(folder)}"
            )
        time.sleep(0.2)


def last_words(folder: Path) -> str:
    """The last lines of the daemons' logs."""
    logs = [folder / f"{name}.log" for name in DAEMONS]
    lines = [
        f"{log.stem}: {line}"
        for log in logs
        if log.exists()
        for line in log.read_text().splitlines()[-4:]
    ]
    return "".join(f"\n  {line}" for line in lines)


def main() -> None:
    if len(sys.argv) != 3 or sys.argv[1] not in ("up", "down"):
        sys.exit("Expected `cluster.py up FOLDER` or `cluster.py down FOLDER`.")
    folder = Path(sys.argv[2]).resolve()
    if sys.argv[1] == "down":
        down(folder)
        return
    if lacking := missing():
        sys.exit(f"Expected Slurm and munge on this machine; got no {', '.join(lacking)}.")
    try:
        environment = up(folder)
    except RuntimeError as error:
        down(folder)
        sys.exit(str(error))
    print(*(f"export {name}={shlex.quote(value)}" for name, value in environment.items()), sep="\n")


if __name__ == "__main__":
    main()
