"""Reading images and masks from files."""
