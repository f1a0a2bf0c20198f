"""What a file shows besides its pixels."""
