"""The tables of the page on refinement, from rows whose values are known."""

from types import SimpleNamespace

import pandas as pd

from inversion.report.refine import refine_ascent, refine_draws, refine_points

COLUMNS = ["task", "method", "budget", "seed", "panel", "observation", "score", "value"]


def rows(method, budget, scores) -> list[tuple]:
    where = ("two_moons_line", method, budget, 0, "comparison")
    return [(*where, at, score, value) for (at, score), value in scores.items()]


def masses(*of) -> dict:
    return {(str(at), f"segment_{k + 1}"): mass for at in range(3) for k, mass in enumerate(of)}


def results(*tables, kept=()) -> SimpleNamespace:
    frames = [
        pd.DataFrame([row for rows in each for row in rows], columns=COLUMNS)
        for each in (tables, kept)
    ]
    costs = pd.DataFrame(
        [("two_moons_line", "latent_smc", 6000, "comparison", 3, 6.0)],
        columns=["task", "method", "budget", "panel", "observations", "cpu_s"],
    )
    return SimpleNamespace(
        scores=frames[0],
        refine=frames[1],
        costs=costs,
        observations_of=lambda task: ["a", "b", "c"],
    )


def test_points_tell_where_they_land():
    landed = {("1", "off_rate"): 0.125, ("1", "parts_found"): 3.0, ("1", "parts"): 4.0}
    landed |= {
        ("1", "converged_rate"): 0.9,
        ("1", "iterations"): 55.0,
        ("1", "primal_residual"): 3.2e-5,
    }
    table = refine_points(results(rows("admm", 6000, landed)))
    (line,) = (line for line in table.splitlines() if "ADMM" in line)
    for cell in ("3 of 4", "12.5 %", "90.0 %", "55", "3.2e-05", "6,000"):
        assert f"| {cell} |" in line


def test_the_study_s_own_rows_come_before_those_that_were_kept():
    landed = {("1", "parts_found"): 1.0, ("1", "parts"): 4.0}
    table = refine_points(
        results(
            rows("admm", 6000, landed | {("1", "off_rate"): 0.25}),
            kept=[rows("admm", 6000, landed | {("1", "off_rate"): 0.75}),
                  rows("admm", 30000, landed | {("1", "off_rate"): 0.5})],
        )
    )  # fmt: skip
    assert "25.0 %" in table
    assert "50.0 %" in table
    assert "75.0 %" not in table


def test_samplers_are_told_from_points_and_their_masses_held_against_the_exact_ones():
    said = {("all", "record_accepted"): 0.0, ("1", "c2st"): 0.61, ("1", "off_rate"): 0.1}
    table = refine_draws(
        results(
            rows("exact", 0, masses(0.5, 0.5)),
            rows("latent_smc", 6000, masses(0.47, 0.53) | said),
            rows("admm", 6000, {("1", "off_rate"): 0.2}),
        )
    )
    assert "ADMM" not in table
    (line,) = (line for line in table.splitlines() if "latent SMC" in line)
    for cell in ("0.610", "0.030", "no", "2.00 s"):
        assert f"| {cell} |" in line


def test_ascent_tells_how_far_it_moved():
    said = {("1", "moved"): 0.00123, ("1", "log_prior"): -1.5, ("1", "off_rate"): 0.5}
    (line,) = (
        line
        for line in refine_ascent(results(rows("ascent", 6000, said))).splitlines()
        if "ascent" in line
    )
    assert "1.2e-03" in line
    assert "50.0 %" in line
