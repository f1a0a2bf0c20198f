from .block_histogram import BlockHistogram
from .filtered_backbone import Colours, FilteredBackbone
from .high_pass import HighPass
from .hrformer import HRFormer
from .hrnet import MPCHRNet

__all__ = [
    'BlockHistogram',
    'Colours',
    'FilteredBackbone',
    'HRFormer',
    'HighPass',
    'MPCHRNet',
]
