"""Conversion of released MPC checkpoints."""
