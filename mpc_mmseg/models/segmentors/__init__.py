from .mpc_segmentor import MPCSegmentor

__all__ = ['MPCSegmentor']
