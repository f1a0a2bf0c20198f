"""Published models: index, download and publication."""
