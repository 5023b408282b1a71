"""Which settings were tried on sbibm's tasks and on simulators, and by which validation loss one was picked."""

from inversion.names import in_order
from inversion.report.formats import format_number
from inversion.report.results import Results, pipe_table, task_name
from inversion.sbibm import FILES


def tuning(results: Results) -> str:
    """What `benchmarks/tune.py` measured: means over its seeds, the lowest validation loss of a budget bold."""
    rows = []
    cells = results.tuning.groupby(["task", "budget"])
    for task in in_order(set(results.tuning["task"]), dict.fromkeys(FILES)):
        for budget in sorted(set(results.tuning.loc[results.tuning["task"] == task, "budget"])):
            tried = cells.get_group((task, budget)).groupby("setting")
            means = tried[["validation_loss", "cpu_s"]].mean().sort_values("validation_loss")
            best = means["validation_loss"].min()
            for setting, row in means.iterrows():
                loss = format_number("validation_loss", row["validation_loss"])
                rows.append(
                    [
                        task_name(task),
                        f"`{setting}`",
                        format_number("budget", budget),
                        str(len(tried.get_group(setting))),
                        f"**{loss}**" if row["validation_loss"] == best else loss,
                        format_number("cpu_s", row["cpu_s"]),
                    ]
                )
    header = ["Problem", "Setting", "Simulations", "Seeds", "Validation loss, nats", "Training"]
    return pipe_table(header, rows, text_columns=2)
