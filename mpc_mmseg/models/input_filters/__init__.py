from .block_histogram import BlockHistogram
from .filtered_backbone import FilteredBackbone, RGBInput
from .high_pass import HighPass

__all__ = ['BlockHistogram', 'FilteredBackbone', 'HighPass', 'RGBInput']
