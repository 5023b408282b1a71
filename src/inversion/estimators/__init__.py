"""Amortised posteriors: trained once on simulated pairs. A new one is one file and one line here."""

ESTIMATORS = {
    "autoregressive": "inversion.estimators.autoregressive:AutoregressiveFlow",
    "cnf": "inversion.estimators.cnf:CNF",
    "composed": "inversion.estimators.composed:Composed",
    "consistency": "inversion.estimators.consistency:Consistency",
    "consistency_stable": "inversion.estimators.consistency_stable:StableConsistency",
    "diffusion": "inversion.estimators.diffusion:Diffusion",
    "diffusion_prior": "inversion.estimators.diffusion_prior:DiffusionPrior",
    "distilled": "inversion.estimators.distilled:Distilled",
    "ensemble": "inversion.estimators.ensemble:Ensemble",
    "flow": "inversion.estimators.flow:Flow",
    "flow_matching": "inversion.estimators.flow_matching:FlowMatching",
    "flow_prior": "inversion.estimators.flow_prior:FlowPrior",
    "gated": "inversion.estimators.gated:Gated",
    "gaussian_head": "inversion.estimators.heads:GaussianHead",
    "gaussianization": "inversion.estimators.gaussianization:GaussianizationFlow",
    "iterative_gaussianization": "inversion.estimators.iterative_gaussianization:IterativeGaussianization",
    "mixture_head": "inversion.estimators.heads:MixtureHead",
    "quantiles": "inversion.estimators.quantiles:Quantiles",
    "vae": "inversion.estimators.vae:VAE",
}

# Kinds that are fitted in closed form, by `inversion solve` in place of `inversion train`.
DIRECT = frozenset({"iterative_gaussianization"})

# Kinds that are trained on observations alone towards a prior, by `inversion distil` in place of `inversion train`.
DISTILLED = frozenset({"distilled"})
