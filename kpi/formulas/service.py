"""Service level and volume, measured and forecast (DOMAIN 1.3, 1.4, 1.9)."""

import math
from typing import Literal

AHT_MIN_CONTACTS = 20

AbandonPolicy = Literal["ignore", "negative", "positive"]


def measured_service_level(
    *,
    answered: int,
    answered_in_target: int,
    abandoned: int,
    abandoned_in_target: int = 0,
    policy: AbandonPolicy = "ignore",
    waiting_past_target: int = 0,
) -> float | None:
    """Share of contacts served in time; None without any. `abandoned` includes `abandoned_in_target`.

    Those who gave up within the target are left out (`ignore`), missed (`negative`) or met (`positive`): Cisco's
    three. A contact that still waits past the target is missed at once.
    """
    met = answered_in_target + (abandoned_in_target if policy == "positive" else 0)
    left_out = abandoned_in_target if policy == "ignore" else 0
    counted = answered + abandoned + waiting_past_target - left_out
    return met / counted if counted else None


def abandon_rate(*, offered: float, answered: float, abandoned: float) -> float | None:
    """Return the share of contacts that gave up; None without any.

    Contacts decided now may have been offered in an earlier interval: the decided ones are the whole where they are
    more, so that the share never exceeds 1 (DOMAIN 3.13).
    """
    whole = max(offered, answered + abandoned)
    return abandoned / whole if whole else None


def carried_slack(offered: int) -> int:
    """Return how many contacts an interval may have taken over where nobody said how many waited: 2, or 2 %."""
    return max(2, math.ceil(0.02 * offered))


def implausible(*, offered: int, answered: int, abandoned: int, waited: int | None = None) -> bool:
    """Tell whether more contacts were decided in an interval than were offered in it or waited at its beginning.

    `waited` None is unknown; a few contacts may then have been carried over (DOMAIN 3.15).
    """
    return answered + abandoned > offered + (carried_slack(offered) if waited is None else waited)


def mean_seconds(*, total_seconds: float, contacts: int) -> float | None:
    """ASA from the waits of the answered, AHT from talk, hold and after-call work; None without contacts."""
    return total_seconds / contacts if contacts else None


def aht_seconds(*, handle_seconds: float, handled: int, forecast_aht_seconds: float | None) -> float | None:
    """Handling time to plan with: of the last hour if it had AHT_MIN_CONTACTS contacts, else the forecast's."""
    if handled >= AHT_MIN_CONTACTS:
        return handle_seconds / handled
    if forecast_aht_seconds is not None:
        return forecast_aht_seconds
    return mean_seconds(total_seconds=handle_seconds, contacts=handled)


def volume_variance(*, actual: float, forecast: float) -> float | None:
    """Actual against forecast contacts of the same time, +0.08 is 8 % more; None without a forecast."""
    return (actual - forecast) / forecast if forecast else None


def reforecast_ratio(*, actual: float, forecast: float) -> float:
    """Factor for the intervals to come, from the sums over the completed ones.

    1 while the difference is within twice the Poisson noise, 2/sqrt(forecast): projecting noise makes a worse day.
    """
    if not forecast:
        return 1.0
    ratio = actual / forecast
    return ratio if abs(ratio - 1) > 2 / math.sqrt(forecast) else 1.0
