"""What figures and report call a method and a task; the order here is theirs. Other names stand as they are."""

METHODS = {
    "exact": "exact",
    "flow": "flow",
    "flow+is": "flow, weighted",
    "flow+smc": "flow, weighted and moved",
    "flow_fresh": "flow, fresh noise",
    "flow_ensemble": "flow ensemble",
    "flow_ensemble_fresh": "flow ensemble, fresh noise",
    "flow_ensemble_small": "flow ensemble, small",
    "flow_original": "flow, original",
    "flow_set_transformer": "flow, set transformer",
    "flow_recurrent": "flow, convolution and LSTM",
    "flow_time_transformer": "flow, time-series transformer",
    "autoregressive": "autoregressive flow",
    "autoregressive_ensemble": "autoregressive ensemble",
    "cnf": "cNF",
    "flow_matching": "flow matching",
    "flow_matching_ot": "flow matching, blind transport",
    "flow_matching_cot": "flow matching, conditional transport",
    "diffusion": "diffusion",
    "diffusion_sde": "diffusion, SDE",
    "diffusion_velocity": "diffusion, velocity",
    "diffusion_noise": "diffusion, noise",
    "cdiff": "cDiff",
    "cdiff_multistep": "cDiff, multistep",
    "consistency": "consistency",
    "consistency_multistep": "consistency, 11 steps",
    "consistency_stable": "consistency, continuous",
    "consistency_stable_multistep": "consistency, continuous, 15 steps",
    "gaussian_head": "Gaussian head",
    "mixture_head": "mixture head",
    "quantiles": "quantiles",
    "composed": "composed diffusion",
    "hqs": "splitting (HQS)",
    "latent_nuts": "latent NUTS",
    "nuts": "NUTS",
    "smc": "tempered SMC",
    "rejection": "rejection, exact",
    "rejection_kernel": "rejection, kernel",
    "rejection_box": "rejection, box",
}
TASKS = {
    "two_moons_line": "two moons, line",
    "gaussian_linear": "linear Gaussian",
    "gaussian_linear_5": "linear Gaussian in five dimensions",
    "two_moons": "two moons, sbibm",
    "gaussian_linear_uniform": "linear Gaussian in a box",
    "gaussian_mixture": "Gaussian mixture",
    "slcp": "SLCP",
    "slcp_distractors": "SLCP among distractors",
    "bernoulli_glm": "Bernoulli GLM",
    "bernoulli_glm_raw": "Bernoulli GLM, raw",
    "sir": "SIR epidemic",
    "lotka_volterra": "Lotka-Volterra",
    "dirichlet_multinomial": "Dirichlet-multinomial",
    "witch_hat": "witch hat",
    "gaussian_set": "Gaussian, many observations",
    "normal_gamma": "normal-gamma",
    "stochastic_volatility": "stochastic volatility",
    "cos": "cosines",
    "socks": "socks",
    "species_sampling": "species sampling",
    "poisson_gamma": "Poisson-gamma",
    "dirichlet_laplace": "Dirichlet-Laplace",
    "normal_wishart": "normal-Wishart",
    "g_and_k": "g-and-k",
    "lotka_volterra_series": "Lotka-Volterra, series",
    "markov_switching": "Markov switching",
    "fractional_brownian": "fractional Brownian motion",
    "minnesota_var": "Minnesota VAR",
}

FAULTS = {
    "exact": "none: exact",
    "narrow_90": "spread x 0.9",
    "narrow_80": "spread x 0.8",
    "narrow_60": "spread x 0.6",
    "wide_125": "spread x 1.25",
    "shift_20": "shift of 0.2 sd",
    "shift_50": "shift of 0.5 sd",
    "prior": "the prior",
    "correlated": "correlation 0.5 for 0",
    "coarse": "right on average only",
    "missing_mode": "one mode missing",
    "missing_alternating": "now one, now the other",
}
TESTS = {
    "sbc": "SBC",
    "central": "central intervals",
    "interval": "highest-density intervals",
    "ellipsoid": "ellipsoid",
    "hpd": "highest-density region",
    "tarp": "TARP",
    "tarp_y": "TARP, by y",
    "tarp_binned": "TARP, binned curve",
    "averaged": "data-averaged",
    "predictive": "predictive",
    "together": "seven together, Holm",
    "local_there": "L-C2ST, there",
    "local_elsewhere": "L-C2ST, elsewhere",
    "check_there": "predictive, there",
    "check_elsewhere": "predictive, elsewhere",
}


def method_name(method: str) -> str:
    return METHODS.get(method, method)


def in_order(names: list[str] | set[str], known: dict[str, str] = METHODS) -> list[str]:
    """Known names in the order above, then the others by name."""
    order = list(known)
    return sorted(
        names, key=lambda name: (order.index(name) if name in known else len(order), name)
    )
