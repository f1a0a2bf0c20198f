"""Reading, checking and keeping checkpoints."""
