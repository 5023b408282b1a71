# The graph of the study. Every number stands in params.yaml, every rule in workflow/rules/; dvc.yaml calls
# one phase after the other, and a bare `snakemake` runs them all.

import sys

sys.path.insert(0, f"{workflow.basedir}/src")


configfile: "params.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/cells.smk"
include: "workflow/rules/outside.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/reference.smk"
include: "workflow/rules/refine.smk"
include: "workflow/rules/sample.smk"
include: "workflow/rules/calibrate.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/restore.smk"
include: "workflow/rules/power.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


localrules:
    all,
    phase_simulate,
    phase_train,
    phase_reference,
    phase_refine,
    phase_sample,
    phase_calibrate,
    phase_compare,
    phase_restore,
    phase_power,
    phase_figures,
    phase_report,


rule all:
    default_target: True
    input:
        rules.phase_simulate.input,
        rules.phase_train.input,
        rules.phase_reference.input,
        rules.phase_refine.input,
        rules.phase_sample.input,
        rules.phase_calibrate.input,
        rules.phase_compare.input,
        rules.phase_restore.input,
        rules.phase_power.input,
        rules.phase_figures.input,
        rules.phase_report.input,
