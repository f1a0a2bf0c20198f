"""Evidence in a file besides its pixels."""
