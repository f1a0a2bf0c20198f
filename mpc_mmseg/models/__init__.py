from . import backbones, decode_heads, losses, necks, segmentors

__all__ = ['backbones', 'decode_heads', 'losses', 'necks', 'segmentors']
