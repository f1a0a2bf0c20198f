"""Inference, export, model zoo and conversion, for programs."""

from mpc_mmseg.lazy_names import lazy_names

_WHERE = {
    'ForgeryInferencer': 'inference.inferencer',
    'Prediction': 'inference.prediction',
}
__all__ = list(_WHERE)

__getattr__ = lazy_names(__name__, _WHERE)
