from .hrnet import MPCHRNet

__all__ = ['MPCHRNet']
