# The graph of the study. Every number stands in params.yaml, every rule in workflow/rules/; dvc.yaml calls
# one phase after the other, and a bare `snakemake` runs them all.

import sys

sys.path.insert(0, f"{workflow.basedir}/src")


configfile: "params.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/reference.smk"
include: "workflow/rules/refine.smk"
include: "workflow/rules/sample.smk"
include: "workflow/rules/calibrate.smk"
include: "workflow/rules/compare.smk"


localrules:
    all,
    phase_simulate,
    phase_train,
    phase_reference,
    phase_refine,
    phase_sample,
    phase_calibrate,
    phase_compare,


rule all:
    default_target: True
    input:
        rules.phase_calibrate.input,
        rules.phase_compare.input,
