"""Pictures of maps, and reports made of them."""
