"""`/metrics/kpi`: the business figures of one organization, as OpenMetrics."""
