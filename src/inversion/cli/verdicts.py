"""How often each verdict of `inversion infer` is given on held-out pairs, and what the posterior was worth then.

The verdict knows y and the draws, not the truth, so that of the pairs that get one the truths are still draws of the
exact posterior: a region of 90 % has to hold nine in ten of them. Where the exact posterior p is known, there is the
divergence KL(p || q) of the model's q as well, in nats, by draws of p.
"""

from inversion.cli.weighing import LEAST, acceptance, has_weights, weigh_draws

JUDGED = 1000  # pairs
EXACT = 200  # draws of p for each


def verdict_rates(key, model, y, kept, tested) -> dict[str, dict[str, float]]:
    """By verdict: `share` of the observations, `region`, the coverage of the model's 90 %, and `kl`, its mean."""
    import jax
    import numpy as np

    from inversion.trust.certificate import LEVEL
    from inversion.trust.conformal import p_value
    from inversion.trust.verdict import advise

    y, weights, divergences = y[:JUDGED], None, None
    key_weigh, key_exact = jax.random.split(key)
    if has_weights(model):
        weights = weights_of(key_weigh, model, y)
        divergences = divergences_of(key_exact, model, y)
    words = []
    for at in range(len(y)):
        off_map = p_value(kept.distance, tested.distance[at])
        relied = (None, None) if weights is None else acceptance(weights[at])
        words.append(advise(kept, off_map, *relied).word)
    found = {}
    for word in dict.fromkeys(words):
        given = np.array(words) == word
        found[word] = {"share": float(given.mean())}
        if tested.highest is not None:
            inside = tested.highest[: len(y)][given] <= LEVEL
            found[word]["region"] = float(inside.mean())
        if divergences is not None:
            found[word]["kl"] = float(np.nanmean(divergences[given]))
    return found


def weights_of(key, model, y):
    """The log weights of LEAST draws for each observation."""
    import equinox as eqx
    import jax
    import numpy as np

    from inversion.compiling import options

    arrays, static = eqx.partition(model, eqx.is_array)

    def every(arrays, keys, y):
        posterior = eqx.combine(arrays, static)

        def one(given):
            key, y = given
            draws = posterior.sample(key, y, LEAST)
            return weigh_draws(jax.random.fold_in(key, 1), posterior, y, draws, 0)[0]

        return jax.lax.map(one, (keys, y))

    run = jax.jit(every, compiler_options=options(quick=True))
    return np.asarray(run(arrays, jax.random.split(key, len(y)), y))


def divergences_of(key, model, y):
    """KL(p || q) of each observation; None where p is not known."""
    import equinox as eqx
    import jax
    import numpy as np

    from inversion.compiling import options
    from inversion.tasks.task import ExactTask

    task = model.standardisation.task
    if not isinstance(task, ExactTask):
        return None
    arrays, static = eqx.partition(model, eqx.is_array)

    def every(arrays, keys, y):
        posterior = eqx.combine(arrays, static)

        def one(given):
            key, y = given
            exact = task.posterior(y)
            theta = exact.sample(key, (EXACT,))
            log_q = jax.vmap(lambda theta: posterior.log_prob(theta, y))(theta)
            return jax.numpy.mean(exact.log_prob(theta) - log_q)

        return jax.lax.map(one, (keys, y))

    run = jax.jit(every, compiler_options=options(quick=True))
    return np.asarray(run(arrays, jax.random.split(key, len(y)), y))
