"""Phase 2's head: from embedding maps to one logit per pixel."""

from collections.abc import Sequence

import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor, nn

from .fuse import fuse


@MODELS.register_module()
class LocalizationHead(BaseDecodeHead):
    """Fused maps through a stack of BatchNorm, ReLU, 1x1 conv to one logit (MPC).

    The maps are joined by `fuse`. The loss is computed at the logit's size, to which
    the mask is reduced by nearest neighbour, as in the method.

    Args:
        in_channels: Channels of each map.
        hidden_channels: Widths of the stack; the published heads are
            (512, 256, 128) and (512, 256, 128, 64).
        norm_cfg: Config of the normalisation.
        loss_decode: Config of the loss, by default ``ForgeryBCELoss``.
        **kwargs: Further arguments of mmseg's ``BaseDecodeHead``, except ``threshold``,
            which belongs to the segmentor.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        hidden_channels: Sequence[int] = (512, 256, 128),
        norm_cfg: dict | None = None,
        loss_decode: dict | list[dict] | None = None,
        **kwargs,
    ) -> None:
        if not hidden_channels:
            raise ValueError('hidden_channels must name at least one width')
        if 'threshold' in kwargs:
            raise ValueError(
                f'threshold={kwargs["threshold"]} of the head would not be used: set '
                'model.test_cfg.threshold, which MPCSegmentor applies'
            )
        norm_cfg = norm_cfg or dict(type='BN')
        super().__init__(
            in_channels=list(in_channels),
            channels=hidden_channels[-1],
            num_classes=2,
            out_channels=1,
            threshold=0.5,
            dropout_ratio=0,
            in_index=list(range(len(in_channels))),
            input_transform='resize_concat',
            align_corners=True,
            norm_cfg=norm_cfg,
            loss_decode=loss_decode or dict(type='ForgeryBCELoss'),
            **kwargs,
        )
        widths = [self.in_channels, *hidden_channels]
        layers: list[nn.Module] = []
        for c_in, c_out in zip(widths, hidden_channels):
            layers += [
                build_norm_layer(norm_cfg, c_in)[1],
                nn.ReLU(),
                nn.Conv2d(c_in, c_out, 1),
            ]
        layers += [build_norm_layer(norm_cfg, widths[-1])[1], nn.ReLU()]
        self.stack = nn.Sequential(*layers)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Logits (B, 1, H, W) at the finest map's size from maps (B, C_i, H_i, W_i)."""
        return self.cls_seg(self.stack(fuse(maps)))

    def loss_by_feat(self, seg_logits: Tensor, batch_data_samples: SampleList) -> dict:
        """Losses by name.

        Args:
            seg_logits: (B, 1, H, W).
            batch_data_samples: Samples with ``gt_sem_seg`` of any common size.
        """
        mask = self._stack_batch_gt(batch_data_samples).float()
        mask = F.interpolate(mask, seg_logits.shape[-2:])[:, 0].long()
        many = isinstance(self.loss_decode, nn.ModuleList)
        losses: dict[str, Tensor] = {}
        for criterion in self.loss_decode if many else [self.loss_decode]:
            value = criterion(seg_logits, mask, ignore_index=self.ignore_index)
            losses[criterion.loss_name] = losses.get(criterion.loss_name, 0) + value
        return losses
