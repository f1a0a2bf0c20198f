"""Two parallel backbones, for instance for colours and for traces of compression."""

from collections.abc import Sequence
from math import lcm

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor

from mpc_mmseg.models.input_needs import TTA_KINDS, map_strides, tolerated


@MODELS.register_module()
class TwoStreamBackbone(BaseModule):
    """Maps of two backbones, concatenated by stride (CAT-Net, Kwon et al., IJCV 2022).

    For RGB and filtered input, each with its own network. The second stream is usually
    a `FilteredBackbone`, which undoes the data preprocessor's normalisation.

    Args:
        first: Config of a backbone that takes (B, 3, H, W).
        second: Config of another.
        pass_unmatched: Return the maps of a stride that only one stream has unchanged.
            False: the strides must be equal.
        init_cfg: Config of the initialisation.

    Raises:
        ValueError: If a stream has two maps of one stride, or the strides differ and
            ``pass_unmatched`` does not allow it.
    """

    def __init__(
        self,
        first: dict,
        second: dict,
        pass_unmatched: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.first = MODELS.build(first)
        self.second = MODELS.build(second)
        strides = map_strides(self.first), map_strides(self.second)
        self.matches = match_strides(*strides, pass_unmatched)
        self.multiple = lcm(*strides[0], *strides[1])

    @property
    def tta(self) -> tuple[str, ...]:
        """Kinds of test-time augmentation that at least one stream tolerates."""
        either = {*tolerated(self.first), *tolerated(self.second)}
        return tuple(kind for kind in TTA_KINDS if kind in either)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Maps (B, C_i + D_i, H_i, W_i), finest first, of x (B, 3, H, W).

        Where rounding led to different sizes, the second stream's maps are resized.
        """
        first, second = self.first(x), self.second(x)
        joined = []
        for one, two in self.matches:
            maps = [first[i] for i in one] + [second[i] for i in two]
            size = maps[0].shape[-2:]
            if maps[-1].shape[-2:] != size:
                maps[-1] = F.interpolate(maps[-1], size, mode='bilinear')
            joined.append(torch.cat(maps, dim=1))
        return joined


def match_strides(
    first: Sequence[int], second: Sequence[int], pass_unmatched: bool
) -> list[tuple[list[int], list[int]]]:
    """For each stride, finest first, the indices of its maps (none or one) per stream.

    Arguments are the strides of the streams' maps; errors as of `TwoStreamBackbone`.
    """
    both = f'the first stream has maps of strides {[*first]}, the second {[*second]}'
    if len({*first}) < len(first) or len({*second}) < len(second):
        raise ValueError(f'{both}: maps are matched by stride, name each stride once')
    if not {*first} & {*second}:
        raise ValueError(f'{both}: none is in both; choose others by out_indices')
    if {*first} != {*second} and not pass_unmatched:
        raise ValueError(
            f'{both}: choose the same ones by out_indices, or keep those of '
            f'{sorted({*first} ^ {*second})} by pass_unmatched=True'
        )
    return [
        (
            [i for i, s in enumerate(first) if s == stride],
            [i for i, s in enumerate(second) if s == stride],
        )
        for stride in sorted({*first, *second})
    ]
