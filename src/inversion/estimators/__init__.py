"""Amortised posteriors: trained once on simulated pairs. A new one is one file and one line here."""

ESTIMATORS = {
    "autoregressive": "inversion.estimators.autoregressive:AutoregressiveFlow",
    "cnf": "inversion.estimators.cnf:CNF",
    "ensemble": "inversion.estimators.ensemble:Ensemble",
    "flow": "inversion.estimators.flow:Flow",
    "flow_prior": "inversion.estimators.flow_prior:FlowPrior",
}
