"""Records of images, and the files that scores are written to."""
