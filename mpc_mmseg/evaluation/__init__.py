"""Scores of forgery maps: pure functions, and the metric that calls them."""

from mpc_mmseg.lazy_names import lazy_names

_WHERE = {'ForgeryMetric': 'metrics'}
__all__ = list(_WHERE)

__getattr__ = lazy_names(__name__, _WHERE)
