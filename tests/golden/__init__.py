"""Golden extracts and the golden marts that must come of them; README.md says why."""
