"""How much XLA puts into a program: code that runs for seconds need not be the fastest there is."""

# Compiles in half the time, for steps of training a fifth slower (CPU only; measured on the headline's flow).
QUICK = {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 1}
# A step gains a sixth of a millisecond by the seconds saved above: from here on the faster code has paid.
QUICK_STEPS = 10_000


def options(*, quick: bool) -> dict[str, bool | int] | None:
    """`compiler_options` of `jax.jit`; none on other devices than CPUs, whose compilers these settings are not for."""
    import jax

    return QUICK if quick and jax.default_backend() == "cpu" else None
