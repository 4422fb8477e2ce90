"""Pure rules on single values, used by every app: rounding, names, numbers as people type them, cadence."""
