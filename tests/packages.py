"""The packages of the product, whose code and models tests go through."""

PACKAGES = ("alerts", "attendance", "backlog", "intraday", "kpi", "realtime")
