"""Inference: loading a model, running it on images, writing the results."""
