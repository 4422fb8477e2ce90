"""Everything that names one person: found, exported, erased."""
