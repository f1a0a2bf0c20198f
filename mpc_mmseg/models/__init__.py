from . import backbones, decode_heads, losses, necks, pointwise, segmentors

__all__ = ['backbones', 'decode_heads', 'losses', 'necks', 'pointwise', 'segmentors']
