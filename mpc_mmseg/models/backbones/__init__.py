from .hrformer import HRFormer
from .hrnet import MPCHRNet

__all__ = ['HRFormer', 'MPCHRNet']
