"""Scores of forgery maps: pure functions, and the metric that runs them."""

from .metrics import ForgeryMetric

__all__ = ['ForgeryMetric']
