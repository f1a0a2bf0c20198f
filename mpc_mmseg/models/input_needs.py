"""What a model needs of its input, declared by its parts as plain attributes.

A backbone or an input filter may have: ``grid``, the spacing in pixels of the grid on
which an image must begin; ``native_size``, whether resizing removes what it reads;
``multiple`` (a stride or patch), of which height and width must be multiples, so that
each map covers its input exactly; ``tta``, the kinds of test-time augmentation that it
tolerates. ``test_cfg.tta`` of the segmentor takes precedence over its parts' ``tta``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any

import torch
from torch import nn

TTA_KINDS = ('flip', 'rot90', 'scale')
#: The coarsest stride of most backbones.
STRIDE = 32
_RESIZES = ('Resize', 'RandomResize', 'ResizeShortestEdge', 'ResizeToMultiple')
_CROPS = ('CenterCrop', 'RandomBlockCrop', 'RandomCrop', 'RandomResizedCrop')
_PROBE_SIDE = 256


@dataclass(frozen=True)
class InputNeeds:
    """The needs of all parts of a model; the module's docstring has their meaning."""

    grid: int = 1
    native_size: bool = False
    multiple: int = STRIDE
    tta: tuple[str, ...] = TTA_KINDS

    def check_tta(self, kinds: Sequence[str]) -> None:
        """Raises a ValueError for a kind of augmentation that breaks a need."""
        for kind in kinds:
            if kind in TTA_KINDS and kind not in self.tta:
                raise ValueError(
                    f'tta {kind!r} changes what this model reads, blocks of '
                    f'{self.grid}x{self.grid} pixels at native size: use '
                    f'{" or ".join(self.tta) or "none"}, or state in the config that '
                    f'the model tolerates it, model.test_cfg.tta=[{kind!r}]'
                )

    def check_pipeline(self, steps: Sequence[Mapping[str, Any]], test: bool) -> None:
        """Raises a ValueError for a step of a pipeline that breaks a need.

        Resizing is an augmentation in training, and refused in tests only.
        """
        for step in steps:
            kind = str(step['type'])
            if test and self.native_size and kind in _RESIZES:
                raise ValueError(
                    f'the test pipeline has {kind}, and this model reads traces in the '
                    'pixels that resizing removes: remove that step, so that '
                    'photographs keep their native size'
                )
            block = step.get('block', 8) if kind == 'RandomBlockCrop' else 1
            if kind in _CROPS and block % self.grid:
                raise ValueError(
                    f'{kind} crops off the grid of {self.grid} pixels that this model '
                    f'needs: use RandomBlockCrop with block={self.grid}'
                )


def needs_of(model: nn.Module) -> InputNeeds:
    """The needs that the parts of a model declare.

    Without a declared ``multiple`` it follows from the strides of the convolutions: a
    patch of 14 pixels, or 32, which suits strides of 2, 4, 8 and 16.

    Raises:
        ValueError: If ``test_cfg.tta`` names an unknown kind.
    """
    modules = list(model.modules())
    strides = {s for m in modules if isinstance(m, nn.Conv2d) for s in m.stride}
    patches = [stride for stride in strides if STRIDE % stride]
    multiples = _declared(modules, 'multiple') or patches or [STRIDE]
    test_cfg = getattr(model, 'test_cfg', None)
    stated = test_cfg.get('tta') if isinstance(test_cfg, Mapping) else None
    if unknown := {*(stated or ())} - {*TTA_KINDS}:
        raise ValueError(f'test_cfg.tta must be of {TTA_KINDS}, got {sorted(unknown)}')
    return InputNeeds(
        grid=lcm(*_declared(modules, 'grid')),
        native_size=any(getattr(m, 'native_size', False) for m in modules),
        multiple=lcm(*multiples),
        tta=tolerated(model) if stated is None else tuple(stated),
    )


def tolerated(module: nn.Module) -> tuple[str, ...]:
    """The kinds of test-time augmentation that a module and all its parts tolerate."""
    own = getattr(module, 'tta', None)
    if isinstance(own, tuple):
        return own
    parts = [tolerated(part) for part in module.children()]
    return tuple(kind for kind in TTA_KINDS if all(kind in part for part in parts))


def _declared(modules: Sequence[nn.Module], name: str) -> list[int]:
    values = (getattr(module, name, None) for module in modules)
    return [value for value in values if isinstance(value, int)]


@torch.no_grad()
def map_strides(backbone: nn.Module) -> list[int]:
    """Stride of each map of a backbone, by a forward pass of zeros in eval mode."""
    training = backbone.training
    backbone.eval()
    maps = backbone(torch.zeros(1, 3, _PROBE_SIDE, _PROBE_SIDE))
    backbone.train(training)
    return [round(_PROBE_SIDE / m.shape[-1]) for m in maps]
