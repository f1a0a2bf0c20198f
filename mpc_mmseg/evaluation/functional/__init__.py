"""Pure functions from maps and masks to counts and scores."""
