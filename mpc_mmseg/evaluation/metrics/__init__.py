"""Metrics of MMSegmentation's registry."""

from .forgery_metric import ForgeryMetric

__all__ = ['ForgeryMetric']
