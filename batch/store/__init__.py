"""The state: one SQLite file that knows what was bought, what it cost and where it stands."""
