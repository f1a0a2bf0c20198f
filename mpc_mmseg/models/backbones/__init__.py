from .efficientnet_lite import EfficientNetLite
from .hrformer import HRFormer
from .hrnet import MPCHRNet
from .two_stream import TwoStreamBackbone

__all__ = ['EfficientNetLite', 'HRFormer', 'MPCHRNet', 'TwoStreamBackbone']
