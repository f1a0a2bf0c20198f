from .efficientnet_lite import EfficientNetLite
from .hrformer import HRFormer
from .hrnet import MPCHRNet

__all__ = ['EfficientNetLite', 'HRFormer', 'MPCHRNet']
