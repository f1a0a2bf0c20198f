"""The contrast phase's loss: pixel contrast over several views.

Shapes: a batch of B images, their maps (B, C, H_i, W_i) of several scales i, finest
first, and masks (B, H, W).
"""

from collections.abc import Sequence
from itertools import chain

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from .samplers import PixelSet, by_class
from .views import ImageSources, View

DEFAULT_VIEWS = (
    dict(type='WithinImageView'),
    dict(type='CrossScaleView'),
    dict(type='CrossModalityView'),
)


@MODELS.register_module()
class MultiViewPixelContrastLoss(nn.Module):
    """Multi-view pixel contrast (MPC, IEEE TIFS 2025).

    Of each image the sampler draws pixels of both classes, each view says which of
    these sets are contrasted, and ``contrast`` gives the loss of two sets. A view's
    loss is the mean over images; an image with one class missing counts as zero.

    Args:
        sampler: Config of the pixel sampler.
        views: Configs of the views, each with a ``weight``.
        contrast: Config of the contrast of two pixel sets.
        anchors: Config of which class's pixels are the queries.
        temperature: Temperature of the contrast.
        memory: Config of the memory that `PrototypeView` needs.

    Raises:
        ValueError: If there is no view, or one is named twice or lacks its memory.
    """

    def __init__(
        self,
        sampler: dict | None = None,
        views: Sequence[dict] = DEFAULT_VIEWS,
        contrast: dict | None = None,
        anchors: dict | None = None,
        temperature: float = 0.1,
        memory: dict | None = None,
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.sampler = MODELS.build(sampler or dict(type='RandomPixelSampler'))
        self.views: list[View] = [MODELS.build(view) for view in views]
        names = [view.name for view in self.views]
        if not names or len(set(names)) < len(names):
            raise ValueError(f'views must be at least one and distinct, got {names}')
        self.contrast = MODELS.build(contrast or dict(type='MeanPositiveContrast'))
        self.anchors = MODELS.build(anchors or dict(type='AuthenticAnchors'))
        self.temperature = temperature
        self.memory = MODELS.build(memory) if memory is not None else None
        if memory is None and any(view.needs_memory for view in self.views):
            raise ValueError("PrototypeView needs memory=dict(type='PrototypeMemory')")

    @property
    def needs_second_pass(self) -> bool:
        """Whether any view compares two forward passes of an image."""
        return any(view.needs_second_pass for view in self.views)

    def forward(
        self,
        first_pass: Sequence[Tensor],
        second_pass: Sequence[Tensor] | None,
        mask: Tensor,
    ) -> dict[str, Tensor]:
        """Losses of a batch: ``loss_<view>``, weighted, scalar, attached to the graph.

        Args:
            first_pass: Projected maps (B, C, H_i, W_i), finest first.
            second_pass: The same images' maps from a second stochastic forward pass,
                of which only the finest is used; None where no view needs it.
            mask: Integer mask (B, H, W): 1 forged, 0 authentic, 255 ignored.

        Raises:
            ValueError: If a view needs a second pass or coarser maps and there
                are none.
        """
        return self.losses_and_separation(first_pass, second_pass, mask)[0]

    def losses_and_separation(
        self,
        first_pass: Sequence[Tensor],
        second_pass: Sequence[Tensor] | None,
        mask: Tensor,
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """``forward``, and ``separation`` of the finest map's samples."""
        if second_pass is None and self.needs_second_pass:
            raise ValueError(
                'CrossModalityView needs second_pass, got None: pass it or remove '
                'the view'
            )
        needs_coarser = any(view.needs_coarser for view in self.views)
        if needs_coarser and len(first_pass) < 2:
            raise ValueError('CrossScaleView needs at least two maps, got one')
        masks, sampler = masks_for(first_pass, mask), self.sampler
        counts = [by_class(m).sum(2) for m in (masks[:1], masks[1:] or masks)]
        if self.memory is not None:
            counts.append(self.memory.counts(len(mask)))
        # The only host sync of a step: how many pixels there are decides shapes.
        sizes = torch.stack(counts).tolist()
        coarser = second = memory = None
        finest = sampler(first_pass[:1], masks[:1], sizes[0])
        if needs_coarser:
            coarser = sampler(first_pass[1:], masks[1:], sizes[1])
        if second_pass is not None:
            second = sampler(second_pass[:1], masks[:1], sizes[0])
        if self.memory is not None:
            memory = self.memory(sizes[2])
        roles = self.anchors.roles(ImageSources(finest, coarser, second, memory))
        pairs = [[p for role in roles for p in view.pairs(role)] for view in self.views]
        values = self.contrast([*chain(*pairs)], self.temperature)
        if self.memory is not None and self.training:
            self.memory.update(finest)
        by_view = values.split([len(of_view) for of_view in pairs])
        zero = attached_zero([*first_pass, *(second_pass or [])[:1]])
        losses = {
            f'loss_{view.name}': view.weight * value.mean(1).sum() / len(roles) + zero
            for view, value in zip(self.views, by_view)
        }
        return losses, separation(finest)


def masks_for(maps: Sequence[Tensor], mask: Tensor) -> list[Tensor]:
    """The mask at each map's size, nearest neighbour, from the finest map's mask.

    Args:
        maps: Maps (B, C, H_i, W_i), finest first.
        mask: Integer mask (B, H, W).
    """
    finest = F.interpolate(mask[:, None].float(), maps[0].shape[-2:])
    return [F.interpolate(finest, m.shape[-2:])[:, 0].long() for m in maps]


def attached_zero(maps: Sequence[Tensor]) -> Tensor:
    """Zero whose graph reaches every map, so that no parameter goes unused.

    Reads one element of each: flattening a channels-last map would copy it.
    """
    return sum(m[0, 0, 0, 0].float() for m in maps) * 0  # type: ignore


@torch.no_grad()
def separation(pixels: PixelSet) -> dict[str, Tensor]:
    """Mean cosine similarities within and between the classes, for the log.

    ``similarity_intra`` is the mean over images and their two classes,
    ``similarity_inter`` the mean over images. Embeddings that are all alike give 1 and
    1; classes that are not separated give two equal numbers. An image with fewer than
    two pixels of a class is left out; without any other there is no entry.
    """
    if not any(min(n) > 1 for n in zip(*(x.sizes for x in pixels))):
        return {}
    n = torch.stack([x.counts for x in pixels])  # (2, B)
    kept = (n > 1).all(0) / (n > 1).all(0).sum()
    # Sums and element-wise products, which autocast leaves in float32.
    sums = torch.stack([x.rows.float().sum(1) for x in pixels])  # (2, B, C)
    # (|sum of q_i|^2 - N) / (N (N - 1)): no matrix of pairs.
    intra = (sums.square().sum(2) - n) / (n * (n - 1)).clamp(min=1)
    inter = sums.prod(0).sum(1) / n.prod(0).clamp(min=1)
    return {
        'similarity_intra': (intra.mean(0) * kept).sum(),
        'similarity_inter': (inter * kept).sum(),
    }
