"""List files: which images, with which masks and hashes."""
