"""Two backbones beside each other: the photograph's colours, and its traces."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

#: Side of the image of zeros by which strides are found.
PROBE_SIDE = 256


@torch.no_grad()
def map_strides(backbone: nn.Module) -> list[int]:
    """Stride of each map of a backbone, by a pass over zeros in eval mode."""
    training = backbone.training
    backbone.eval()
    maps = backbone(torch.zeros(1, 3, PROBE_SIDE, PROBE_SIDE))
    backbone.train(training)
    return [round(PROBE_SIDE / m.shape[-1]) for m in maps]


@MODELS.register_module()
class TwoStreamBackbone(BaseModule):
    """Maps of two backbones, concatenated by stride (CAT-Net, Kwon et al., IJCV 2022).

    For colours beside what an input filter shows, each through a network that suits
    it. The second stream is usually a `FilteredBackbone`, which undoes the data
    preprocessor's normalisation for its filters.

    Args:
        first: Config of a backbone that takes (B, 3, H, W).
        second: Config of another.
        pass_unmatched: Hand on the maps of a stride that only one stream has as they
            are. False: the strides must be the same.
        init_cfg: Config of the initialisation.

    Raises:
        ValueError: If a stream has two maps of one stride, or the strides differ in a
            way that ``pass_unmatched`` does not allow.
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
        self.matches = match_strides(
            map_strides(self.first), map_strides(self.second), pass_unmatched
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Maps (B, C_i + D_i, H_i, W_i), finest first, of x (B, 3, H, W).

        Where rounding gave the streams unlike sizes, the second's are resized.
        """
        first, second = self.first(x), self.second(x)
        return [
            together([first[i] for i in one], [second[i] for i in two])
            for one, two in self.matches
        ]


def together(first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
    """At most one map of each stream as one, at the first one's size."""
    maps = [*first, *second]
    size = maps[0].shape[-2:]
    for i, m in enumerate(maps):
        if m.shape[-2:] != size:
            maps[i] = F.interpolate(m, size, mode='bilinear')
    return torch.cat(maps, dim=1)


def match_strides(
    first: Sequence[int], second: Sequence[int], pass_unmatched: bool
) -> list[tuple[list[int], list[int]]]:
    """Which maps stand beside each other, finest first.

    Args:
        first: Strides of the first stream's maps.
        second: Strides of the second stream's maps.
        pass_unmatched: Whether a stride may be in one stream only.

    Returns:
        For each stride the positions of its maps in either stream, none or one.

    Raises:
        ValueError: As of `TwoStreamBackbone`.
    """
    both = f'the first stream has maps of strides {[*first]}, the second {[*second]}'
    if len({*first}) < len(first) or len({*second}) < len(second):
        raise ValueError(f'{both}: maps are matched by stride, name each stride once')
    if not {*first} & {*second}:
        raise ValueError(f'{both}: none is in both, choose others by out_indices')
    if {*first} != {*second} and not pass_unmatched:
        raise ValueError(
            f'{both}: choose the same ones by out_indices, or hand on those of '
            f'{sorted({*first} ^ {*second})} alone by pass_unmatched=True'
        )
    return [
        (
            [i for i, s in enumerate(first) if s == stride],
            [i for i, s in enumerate(second) if s == stride],
        )
        for stride in sorted({*first, *second})
    ]
