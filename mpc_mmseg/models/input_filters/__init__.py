from .block_histogram import BlockHistogram
from .filtered_backbone import Colours, FilteredBackbone
from .high_pass import HighPass

__all__ = ['BlockHistogram', 'Colours', 'FilteredBackbone', 'HighPass']
