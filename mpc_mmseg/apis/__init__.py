"""Forgery maps of images, from Python."""

from .inferencer import ForgeryInferencer, Prediction

__all__ = ['ForgeryInferencer', 'Prediction']
