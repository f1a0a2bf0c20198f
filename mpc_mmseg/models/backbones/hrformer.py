"""HRFormer: transformer blocks in the structure of HRNet."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import build_conv_layer, build_norm_layer
from mmseg.models.backbones.hrnet import HRModule, HRNet
from mmseg.registry import MODELS
from torch import Tensor, nn

from .hrformer_block import HRFormerBlock
from .hrnet import MPCHRNet, set_drop_path

_PER_BRANCH = 'num_blocks', 'num_channels', 'num_heads', 'window_sizes', 'mlp_ratios'


class HRFormerModule(HRModule):
    """Branches of transformer blocks, then an exchange between the resolutions.

    Args:
        stage: The stage's part of ``extra``.
        in_channels: Channels of each branch.
        **kwargs: Further arguments of mmseg's ``HRModule``.
    """

    def __init__(
        self, stage: Mapping, in_channels: Sequence[int], **kwargs: Any
    ) -> None:
        self.stage = stage
        super().__init__(
            stage['num_branches'],
            HRFormerBlock,
            stage['num_blocks'],
            list(in_channels),
            stage['num_channels'],
            **kwargs,
        )

    def _make_one_branch(
        self, branch_index, block, num_blocks, num_channels, stride=1
    ) -> nn.Sequential:
        return nn.Sequential(
            *(
                block(
                    num_channels[branch_index],
                    num_heads=self.stage['num_heads'][branch_index],
                    window_size=self.stage['window_sizes'][branch_index],
                    mlp_ratio=self.stage['mlp_ratios'][branch_index],
                    norm_cfg=self.norm_cfg,
                    with_cp=self.with_cp,
                )
                for _ in range(num_blocks[branch_index])
            )
        )

    def _conv_norm(self, c_in: int, c_out: int, kernel: int, **kwargs) -> list:
        conv = build_conv_layer(
            self.conv_cfg, c_in, c_out, kernel, bias=False, **kwargs
        )
        return [conv, build_norm_layer(self.norm_cfg, c_out)[1]]

    def _make_fuse_layers(self) -> nn.ModuleList:
        rows = []
        n_out = self.num_branches if self.multiscale_output else 1
        for i, c_out in enumerate(self.in_channels[:n_out]):
            row = nn.ModuleList()
            for j, c_in in enumerate(self.in_channels):
                if j == i:
                    row.append(nn.Identity())
                elif j > i:
                    row.append(nn.Sequential(*self._conv_norm(c_in, c_out, 1)))
                else:
                    row.append(self._down(c_in, c_out, steps=i - j))
            rows.append(row)
        return nn.ModuleList(rows)

    def _down(self, c_in: int, c_out: int, steps: int) -> nn.Sequential:
        path = nn.Sequential()
        for step in range(1, steps + 1):
            last = step == steps
            layers = [
                *self._conv_norm(c_in, c_in, 3, stride=2, padding=1, groups=c_in),
                *self._conv_norm(c_in, c_out if last else c_in, 1),
            ]
            path.append(nn.Sequential(*layers, *([] if last else [nn.ReLU()])))
        return path

    def forward(self, x: list[Tensor]) -> list[Tensor]:
        """Maps (B, C_i, H_i, W_i) of as many maps, finest first."""
        maps = [branch(m) for branch, m in zip(self.branches, x)]
        fused = []
        for i, row in enumerate(self.fuse_layers):
            total = maps[i]
            for j, (layer, m) in enumerate(zip(row, maps)):
                if j < i:
                    total = total + layer(m)
                elif j > i:
                    total = total + upsample(layer(m), 2 ** (j - i), maps[i].shape[2:])
            fused.append(self.relu(total))
        return fused


def upsample(x: Tensor, factor: int, size: Sequence[int]) -> Tensor:
    """Repeat the pixels of x (B, C, h, w) ``factor`` times, then resize to (H, W).

    The second step is needed for maps of an odd size alone.
    """
    x = F.interpolate(x, scale_factor=factor, mode='nearest')
    # An exported graph must work for every size, not only for that of tracing.
    if x.shape[2:] == size and not torch.onnx.is_in_onnx_export():
        return x
    return F.interpolate(x, tuple(size), mode='bilinear', align_corners=True)


@MODELS.register_module()
class HRFormer(HRNet):
    """High-resolution transformer (Yuan et al., NeurIPS 2021; arXiv 2110.09408).

    Stem, stage 1, transitions and the sizes of the maps are those of mmseg's HRNet.
    Stages 2 to 4 have transformer blocks, and their branches exchange information by
    depth-wise convolutions. The layout is channels-last.

    Args:
        extra: Per stage, ``stage1`` to ``stage4``, HRNet's keys: ``num_modules``,
            ``num_branches``, ``block`` (``BOTTLENECK``, then ``HRFORMER``),
            ``num_blocks`` and ``num_channels``; in stages 2 to 4 also ``num_heads``,
            ``window_sizes`` and ``mlp_ratios`` of each branch.
        drop_path_rate: Probability with which the last blocks drop a residual
            branch, in [0, 1). It rises linearly over the blocks of stages 2 to 4.
        stem_channels: Channels of the stem.
        frozen_stages: Stem (0) and stages up to this one are frozen; -1 for none.
        norm_cfg: Config of the BatchNorm.
        with_cp: Recompute blocks in the backward pass, which saves memory.
        **kwargs: Further arguments of mmseg's ``HRNet``, among them ``norm_eval``.
    """

    blocks_dict = {**MPCHRNet.blocks_dict, 'HRFORMER': HRFormerBlock}

    def __init__(
        self,
        extra: Mapping,
        drop_path_rate: float = 0.0,
        stem_channels: int = 64,
        frozen_stages: int = -1,
        norm_cfg: dict | None = None,
        with_cp: bool = False,
        **kwargs,
    ) -> None:
        check_extra(extra, tuple(MPCHRNet.blocks_dict))
        if stem_channels < 1:
            raise ValueError(f'stem_channels must be positive, got {stem_channels}')
        if frozen_stages not in range(-1, 5):
            raise ValueError(f'frozen_stages must be in -1..4, got {frozen_stages}')
        if kwargs.get('init_cfg') is None and kwargs.get('pretrained') is None:
            kwargs['init_cfg'] = [
                dict(type='Kaiming', layer='Conv2d'),
                dict(type='TruncNormal', layer='Linear', std=0.02),
                dict(type='Constant', val=1, layer=['_BatchNorm', 'LayerNorm']),
            ]
        self.stem_channels = stem_channels
        super().__init__(
            extra,
            norm_cfg=norm_cfg or dict(type='BN', requires_grad=True),
            with_cp=with_cp,
            frozen_stages=frozen_stages,
            **kwargs,
        )
        self.drop_path_rate = drop_path_rate
        stages = (self.stage2, self.stage3, self.stage4)
        set_drop_path([m for stage in stages for m in stage], drop_path_rate)

        if stem_channels != 64:
            self._make_stem(kwargs.get('in_channels', 3))

    def _make_stem(self, in_channels: int) -> None:
        width = self.stem_channels
        for n, c_in in ((1, in_channels), (2, width)):
            options = dict(kernel_size=3, stride=2, padding=1, bias=False)
            conv = build_conv_layer(self.conv_cfg, c_in, width, **options)
            setattr(self, f'conv{n}', conv)
            norm = build_norm_layer(self.norm_cfg, width, postfix=n)[1]
            setattr(self, getattr(self, f'norm{n}_name'), norm)
        self._freeze_stages()

    def _make_layer(self, block, inplanes, planes, blocks, stride=1) -> nn.Sequential:
        return super()._make_layer(block, self.stem_channels, planes, blocks, stride)

    def _make_stage(
        self, layer_config, in_channels, multiscale_output=True
    ) -> tuple[nn.Sequential, list[int]]:
        n_modules = layer_config['num_modules']
        modules = [
            HRFormerModule(
                layer_config,
                in_channels,
                multiscale_output=multiscale_output or n + 1 < n_modules,
                with_cp=self.with_cp,
                conv_cfg=self.conv_cfg,
                norm_cfg=self.norm_cfg,
            )
            for n in range(n_modules)
        ]
        return nn.Sequential(*modules), list(in_channels)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Maps (B, C_i, H_i, W_i), finest first, of images (B, 3, H, W)."""
        return super().forward(x.contiguous(memory_format=torch.channels_last))

    def train(self, mode: bool = True) -> 'HRFormer':
        """Set the mode, keeping frozen parts in eval."""
        super().train(mode)  # mmseg's returns None
        return self


def check_extra(extra: Mapping, first_blocks: tuple[str, ...]) -> None:
    """Raises a ValueError for a missing key or a value that does not fit.

    Args:
        extra: As of `HRFormer`.
        first_blocks: Names of the blocks that stage 1 may have.
    """
    for n in range(1, 5):
        name = f'stage{n}'
        if name not in extra:
            raise ValueError(f'extra lacks {name!r}, it has {list(extra)}')
        stage = extra[name]
        keys = _PER_BRANCH if n > 1 else _PER_BRANCH[:2]
        missing = {'num_modules', 'num_branches', 'block', *keys} - set(stage)
        if missing:
            raise ValueError(f'extra.{name} lacks {sorted(missing)}')
        allowed = {
            'block': ('HRFORMER',) if n > 1 else first_blocks,
            'num_branches': (n,),
            'num_modules': range(1, 100),
        }
        for key, values in allowed.items():
            if stage[key] not in values:
                raise ValueError(
                    f'extra.{name}.{key} must be one of {values}, got {stage[key]!r}'
                )
        for key in keys:
            if len(stage[key]) != n or min(stage[key]) <= 0:
                raise ValueError(
                    f'extra.{name}.{key} must be {n} positive numbers, one per '
                    f'branch, got {stage[key]!r}'
                )
