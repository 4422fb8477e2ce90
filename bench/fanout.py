"""Rows about pushing one event to many connections: cost, latency, saturation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import TypedDict

from bench.bout import Load, Outcome, fight
from bench.contenders import Contender
from bench.report import Report, Row

CONNECTIONS = 1000
STEADY = Load(rate=20, count=120)
# The stock consumer needs about half a second per event: at 20 a second it would only measure its own queue.
STOCK = Load(rate=1, count=6, warm_up=2, warm_up_rate=1)
BUSY = Load(rate=100, count=1000)
FLOOD = Load(seconds=4, window=200, burst=20)
SINGLE = Load(rate=5, count=30)

Rounds = dict[str, list[Outcome]]
Figure = Callable[[Outcome], float]


def interleaved(contenders: Sequence[Contender], loads: Mapping[str, Load], load: Load, *, rounds: int) -> Rounds:
    """A B C A B C …: what else the machine does meanwhile hits all alike. `loads`: exceptions by name."""
    outcomes: Rounds = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            chosen = loads.get(contender.name, load)
            outcomes[contender.name].append(fight(contender, chosen, conns=CONNECTIONS))
    return outcomes


def cpu_us(outcome: Outcome) -> float:
    return outcome.cpu_us


def last_ms(outcome: Outcome) -> float:
    """Return the median time from commit (of the bare loop: from its stamp) to the last connection."""
    return outcome.heard.last_us_per_event / 1e3 - float(outcome.published.get("publish_ms", 0.0))


def ratio(rounds: Rounds, figure: Figure, *, over: str) -> float | None:
    """The median of the rounds' ratios; None where one of the two was left out."""
    pairs = list(zip(rounds.get("ours", []), rounds.get(over, []), strict=False))
    return median([figure(ours) / figure(theirs) for ours, theirs in pairs]) if pairs else None


class Cells(TypedDict, total=False):
    ours: str
    socketio: str
    bare: str
    stock: str


def cells(rounds: Rounds, show: Callable[[Sequence[Outcome]], str]) -> Cells:
    shown: Cells = {}
    for name in ("ours", "socketio", "bare", "stock"):
        if rounds.get(name):
            shown[name] = show(rounds[name])
    return shown


def middle(figure: Figure, pattern: str) -> Callable[[Sequence[Outcome]], str]:
    return lambda outcomes: pattern.format(median(map(figure, outcomes)))


def latency(outcomes: Sequence[Outcome]) -> str:
    p50 = median(each.heard.p50_us for each in outcomes) / 1e3
    p99 = median(each.heard.p99_us for each in outcomes) / 1e3
    return f"{p50:.1f} / {p99:.1f}"


def steady(report: Report, contenders: Sequence[Contender], *, rounds: int, load: Load = STEADY) -> None:
    outcomes = interleaved(contenders, {"stock": STOCK, "stock-uvicorn": STOCK}, load, rounds=rounds)
    what = f"fan-out, {CONNECTIONS} connections, {load.rate:.0f} msg/s: CPU µs per recipient"
    shown = cells(outcomes, middle(cpu_us, "{:.1f}"))
    if under_uvicorn := outcomes.get("stock-uvicorn"):
        shown["stock"] += f" (Daphne), {median(map(cpu_us, under_uvicorn)):.1f} (uvicorn)"
    over = ratio(outcomes, cpu_us, over="socketio")
    report.rows.append(Row(what=what, **shown, **_bar(over, "{:.2f} x Socket.IO", "<= 0.7", 0.7)))
    over = ratio(outcomes, cpu_us, over="bare")
    report.rows.append(Row(what="… beside the bare loop", **_bar(over, "{:.2f} x bare loop", "<= 1.2", 1.2)))
    for name, label in (("stock", "Daphne"), ("stock-uvicorn", "uvicorn")):
        over = ratio(outcomes, cpu_us, over=name)
        bar = _bar(over and 1 / over, f"1/{{:.0f}} of stock, {label}", "<= 1/20", -20)
        report.rows.append(Row(what="… beside the stock consumer", **bar))
    report.rows.append(Row(what="… latency p50 / p99, ms", **cells(outcomes, latency)))
    _note_client(report, "fan-out", outcomes)


def busy(report: Report, contenders: Sequence[Contender], *, rounds: int, load: Load = BUSY) -> None:
    outcomes = interleaved(contenders, {}, load, rounds=rounds)
    wanted = load.count * CONNECTIONS
    what = f"{load.rate:.0f} msg/s, {CONNECTIONS} connections, {load.count / load.rate:.0f} s: delivered in order"
    whole = all(_whole(each, wanted) for each in outcomes.get("ours", []))
    met = whole if outcomes.get("ours") else None
    report.rows.append(Row(what=what, **cells(outcomes, _delivered), bar=f"all {wanted:,}", met=met))
    p99 = [each.heard.p99_us / 1e3 for each in outcomes.get("ours", [])]
    met = median(p99) <= 30 if p99 else None
    report.rows.append(Row(what="… latency p50 / p99, ms", **cells(outcomes, latency), bar="p99 <= 30 ms", met=met))
    over = ratio(outcomes, cpu_us, over="socketio")
    shown = cells(outcomes, middle(cpu_us, "{:.1f}"))
    report.rows.append(
        Row(what="… CPU µs per recipient", **shown, ratio="" if over is None else f"{over:.2f} x Socket.IO")
    )
    _note_client(report, f"{load.rate:.0f} msg/s", outcomes)


def saturation(report: Report, contenders: Sequence[Contender], *, rounds: int, load: Load = FLOOD) -> None:
    outcomes = interleaved(contenders, {}, load, rounds=rounds)
    over = ratio(outcomes, lambda each: each.per_second, over="socketio")
    shown = cells(outcomes, middle(lambda each: each.per_second, "{:,.0f}"))
    what = f"saturation, {CONNECTIONS} connections: deliveries/s"
    lost = sum(each.heard.missing for each in outcomes.get("ours", []))
    report.rows.append(
        Row(what=what, **shown, **_bar(over, "{:.1f} x Socket.IO", ">= 30, none lost", -30, spoilt=lost > 0))
    )
    report.rows.append(Row(what="… latency p50 / p99, ms", **cells(outcomes, latency)))
    report.rows.append(Row(what="… CPU µs per recipient", **cells(outcomes, middle(cpu_us, "{:.1f}"))))
    report.notes.append(
        f"saturation: for {load.seconds:.0f} s bursts of {load.burst} events (ours: one commit each), the next one as "
        f"soon as the clients are on average less than {load.window} events behind."
    )
    if lost:
        report.notes.append(f"saturation: **{lost:,} deliveries of ours were skipped.**")
    _note_client(report, "saturation", outcomes)


def single(report: Report, contenders: Sequence[Contender], *, rounds: int, load: Load = SINGLE) -> None:
    outcomes = interleaved(contenders, {}, load, rounds=rounds)
    over = ratio(outcomes, last_ms, over="bare")
    what = f"single event, commit to the last of {CONNECTIONS} sockets, ms"
    shown = cells(outcomes, middle(last_ms, "{:.1f}"))
    report.rows.append(Row(what=what, **shown, **_bar(over, "{:.2f} x bare loop", "<= 1.25", 1.25)))
    commits = [each.published["publish_ms"] for each in outcomes.get("ours", []) if "publish_ms" in each.published]
    if commits:
        report.notes.append(f"single event: our transaction before it took {median(commits):.1f} ms.")


class Bar(TypedDict, total=False):
    ratio: str
    bar: str
    met: bool | None


def _bar(value: float | None, pattern: str, bar: str, limit: float, *, spoilt: bool = False) -> Bar:
    """`limit` is a most; a negative one is a least. `spoilt`: not met, whatever the value."""
    if value is None:
        return {"bar": bar}
    met = value <= limit if limit > 0 else value >= -limit
    return {"ratio": pattern.format(value), "bar": bar, "met": met and not spoilt}


def _whole(outcome: Outcome, wanted: int) -> bool:
    heard = outcome.heard
    return heard.deliveries == wanted and not (heard.out_of_order or heard.duplicates or heard.missing)


def _delivered(outcomes: Sequence[Outcome]) -> str:
    worst = min(outcomes, key=lambda each: each.heard.deliveries).heard
    wrong = f", {worst.out_of_order} out of order" if worst.out_of_order else ""
    return f"{worst.deliveries:,} in {worst.elapsed_s:.1f} s{wrong}"


def _note_client(report: Report, what: str, outcomes: Rounds) -> None:
    busiest = {name: max(_client_share(each) for each in rounds) for name, rounds in outcomes.items() if rounds}
    shares = ", ".join(f"{name} {share:.0%}" for name, share in busiest.items())
    report.notes.append(f"{what}: the load client used of its core, at most: {shares}.")


def _client_share(outcome: Outcome) -> float:
    return outcome.heard.client_cpu_s / max(0.001, outcome.heard.elapsed_s)


def short(load: Load) -> Load:
    """Shorten a load for --quick: a look, not a measurement."""
    return replace(load, count=max(1, load.count // 5), seconds=min(load.seconds, 2.0))
