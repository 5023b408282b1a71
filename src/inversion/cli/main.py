"""`inversion VERB ...`: finds the verb's file, runs it, and turns an error of input into one line."""

import argparse
import importlib
import sys

VERBS = {
    "check": "say what is wrong with params.yaml",
    "simulate": "draw pairs from a task, or a panel's observations",
    "fetch": "get the observations and draws that sbibm published",
    "chunk": "run one chunk of a black-box simulator",
    "gather": "put the chunks of a black-box simulator together",
    "total": "add up what its chunks cost",
    "take": "take pairs from a dataset, or a panel's observations",
    "train": "fit an estimator to simulated pairs",
    "distil": "distil a diffusion prior into a posterior sampler of one pass",
    "solve": "fit an estimator to prior draws in closed form",
    "certify": "hold a trained posterior against held-out pairs, for the verdict of infer",
    "reference": "invert a panel's observations by an exact or classical method",
    "refine": "invert a panel's observations by a learned prior, or correct an amortised posterior",
    "sample": "draw from a trained posterior for every panel",
    "prior": "hold a learned prior against the prior",
    "calibrate": "score draws against the parameters that made the observations",
    "compare": "score draws against exact draws",
    "land": "say in which parts of an exact posterior the ends of a refinement lie, and how many in none",
    "restore": "score draws as pictures, against the images that were measured",
    "power": "say how often each diagnostic sees each fault of a task's exact posteriors",
    "tables": "collect scores and costs into the study's tables",
    "figure": "draw one figure from tables and draws",
    "report": "write what the report quotes, and render it",
    "infer": "draw from a trained posterior for an observation of your own",
    "sync": "make Snakemake's records agree with what DVC brought",
    "commit": "record what Snakemake made in dvc.lock",
    "clean": "free the caches",
}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="inversion", description=__doc__.split(": ", 1)[1])
    commands = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    argv = sys.argv[1:] if argv is None else argv
    for verb, text in VERBS.items():
        command = commands.add_parser(verb, help=text, description=text)
        if argv[:1] == [verb]:
            module = importlib.import_module(f"inversion.cli.{verb}")
            module.add_arguments(command)
    arguments = parser.parse_args(argv)
    try:
        return module.run(arguments) or 0
    except FileNotFoundError as error:
        missing = f"Expected a file at {error.filename}; got none." if error.filename else error
        print(f"inversion: {missing}", file=sys.stderr)
    except ValueError as error:
        print(f"inversion: {error}", file=sys.stderr)
    except OSError as error:
        path = error.filename2 or error.filename
        told = f"Expected to read and write {path}; got: {error.strerror}." if path else error
        print(f"inversion: {told}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 2


if __name__ == "__main__":
    sys.exit(main())
