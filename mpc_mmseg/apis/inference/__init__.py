"""Forgery maps of photographs: loading a model, running it, writing results."""
