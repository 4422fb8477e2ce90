"""Pure rules of alerts: metrics, when a rule fires, and the life of an alert. No database and no clock."""
