"""The form of a rule as a browser posts it."""


def fields(*steps, **changed):
    """Occupancy > 92 for 10 min on support, with rows for escalation."""
    rows = {"escalation-TOTAL_FORMS": str(len(steps)), "escalation-INITIAL_FORMS": "0"}
    for number, (after, to, raised) in enumerate(steps):
        row = {"after_seconds": after, "to": to, "raise_severity": raised}
        rows |= {f"escalation-{number}-{name}": value for name, value in row.items()}
    return {
        "organization": "org_123",
        "name": "Support too busy",
        "enabled": "on",
        "metric": "kpi:utilization.occupancy",
        "operator": ">",
        "threshold": "92",
        "for_seconds": "10 min",
        "severity": "high",
        "evaluate_each": "queue",
        "department_id": "",
        "queue_name": "support",
        "clear_threshold": "88",
        "recover_for_seconds": "2 min",
        "cooldown_seconds": "",
        "auto_resolve": "on",
        "no_data_mode": "keep_last",
        "no_data_for_seconds": "5 min",
        **rows,
        **changed,
    }
