"""The sealed report on a photograph."""
