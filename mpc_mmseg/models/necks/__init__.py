from .multi_scale_projection import MultiScaleProjection
from .nonlinear_projector import NonlinearProjector

__all__ = ['MultiScaleProjection', 'NonlinearProjector']
