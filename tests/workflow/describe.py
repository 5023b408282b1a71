"""Print, as JSON, every job of the graph that the Snakefile in this folder describes for a grid."""

import contextlib
import io
import json
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, ResourceSettings


def main(grid: str) -> None:
    with SnakemakeApi() as api, contextlib.redirect_stdout(io.StringIO()):
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(config={"grid": grid}),
            snakefile=Path("Snakefile"),
        )
        workflow.dag(DAGSettings(targets={"all"})).summary()
        jobs = [
            {
                "rule": job.rule.name,
                "wildcards": job.wildcards_dict,
                "input": [str(file) for file in job.input],
                "output": [str(file) for file in job.output],
                "params": dict(job.params.items()),
                "cached": bool(job.rule.cache and job.rule.cache.omit_software),
                "benchmark": job.benchmark is not None,
                "shell": job.rule.shellcmd,
            }
            for job in workflow._workflow.dag.jobs
        ]
    print(json.dumps(jobs))


if __name__ == "__main__":
    main(sys.argv[1])
