def implausible(*, offered, answered, abandoned, waited=None):
    return answered + abandoned > offered + (max(2, int(0.02 * offered)) if waited is None else waited)
def interval_level(**kw):
    return (0.8, 0.02)
def day_recovery_probability(*, required_rest, mean_level, variance):
    return 0.5
