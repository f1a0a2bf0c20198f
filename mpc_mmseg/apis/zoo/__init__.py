"""Published models: their index, files and publication."""
