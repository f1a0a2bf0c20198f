"""Phase 1's loss: pixel contrast over several views."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from .separation import separation
from .views import ImageSources, View

DEFAULT_VIEWS = (
    dict(type='WithinImageView'),
    dict(type='CrossScaleView'),
    dict(type='CrossModalityView'),
)


def masks_for(maps: Sequence[Tensor], mask: Tensor) -> list[Tensor]:
    """The mask at each map's size, nearest neighbour, from the finest map's mask.

    Args:
        maps: Maps (B, C, H_i, W_i), finest first.
        mask: Integer mask (B, H, W).
    """
    finest = F.interpolate(mask[:, None].float(), maps[0].shape[-2:])
    return [F.interpolate(finest, m.shape[-2:])[:, 0].long() for m in maps]


def attached_zero(maps: Sequence[Tensor]) -> Tensor:
    """Zero whose graph reaches every map, so that no parameter goes unused."""
    return sum(m.flatten()[:1].float().sum() for m in maps) * 0  # type: ignore


@MODELS.register_module()
class MultiViewPixelContrastLoss(nn.Module):
    """Multi-view pixel contrast (MPC, IEEE TIFS 2025).

    Each view's loss is the mean over images; an image with one class missing counts
    as zero.

    Args:
        sampler: Config of the pixel sampler.
        views: Configs of the views, each with a ``weight``; leave one out to
            remove it.
        contrast: Config of what a pair of pixel sets is put to.
        anchors: Config of which class's pixels are the queries.
        temperature: Temperature of the contrast.
        memory: Config of the memory that `PrototypeView` needs.

    Raises:
        ValueError: If there is no view, a view is named twice or needs a memory and
            there is none, or the temperature is not positive.
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
        """Whether any view compares two passes of an image."""
        return any(view.needs_second_pass for view in self.views)

    def forward(
        self,
        first_pass: Sequence[Tensor],
        second_pass: Sequence[Tensor] | None,
        mask: Tensor,
    ) -> dict[str, Tensor]:
        """Losses of a batch by view.

        Args:
            first_pass: Projected maps (B, C, H_i, W_i), finest first.
            second_pass: The same images' maps from another stochastic pass; None
                where no view needs it.
            mask: Integer mask (B, H, W): 1 forged, 0 authentic, 255 ignored.

        Returns:
            ``loss_<view>`` per view, weighted, scalar, attached to the graph.

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
                'a view needs second_pass: give it, or remove CrossModalityView'
            )
        needs_coarser = any(view.needs_coarser for view in self.views)
        if needs_coarser and len(first_pass) < 2:
            raise ValueError('CrossScaleView needs at least two maps, got one')
        masks = masks_for(first_pass, mask)
        memory = self.memory() if self.memory is not None else None
        pairs, view_of_pair, finest = [], [], []
        for b in range(mask.size(0)):
            maps = [m[b] for m in first_pass]
            labels = [m[b] for m in masks]
            second = second_pass[0][b] if second_pass is not None else None
            sources = ImageSources(
                finest=self.sampler(maps[:1], labels[:1]),
                coarser=self.sampler(maps[1:], labels[1:]) if needs_coarser else None,
                second=None if second is None else self.sampler([second], labels[:1]),
                memory=memory,
            )
            finest.append(sources.finest)
            roles = self.anchors.roles(sources)
            for i, view in enumerate(self.views):
                new = [pair for role in roles for pair in view.pairs(role)]
                pairs += new
                view_of_pair += [i] * len(new)
        values = self.contrast(pairs, self.temperature)
        if self.memory is not None and self.training:
            self.memory.update(finest)
        index = torch.tensor(view_of_pair, device=values.device)
        totals = values.new_zeros(len(self.views)).index_add(0, index, values)
        share = 1 / (mask.size(0) * len(roles))
        zero = attached_zero([*first_pass, *(second_pass or [])])
        losses = {
            f'loss_{view.name}': total * (view.weight * share) + zero
            for view, total in zip(self.views, totals)
        }
        return losses, separation(finest)
