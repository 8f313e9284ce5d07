"""The shell around the state machine: ask for the next step, do it, record what happened."""
