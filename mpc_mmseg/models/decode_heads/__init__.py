from .cluster_head import ClusterHead
from .localization_head import LocalizationHead

__all__ = ['ClusterHead', 'LocalizationHead']
