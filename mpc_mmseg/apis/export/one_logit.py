"""mmseg's own segmentors as `MPCSegmentor` is exported: one logit of "forged"."""

import torch.nn.functional as F
from mmseg.models.segmentors import EncoderDecoder
from torch import Tensor, nn

from mpc_mmseg.models.decode_heads.forged_logit import check_head, forged_logit


class OneLogit(nn.Module):
    """An ``EncoderDecoder`` of two classes or one logit, with MPCSegmentor's forward.

    Raises:
        ValueError: If the head has other outputs.
    """

    phase, input_multiple, threshold = 'supervised', 1, 0.5

    def __init__(self, model: EncoderDecoder) -> None:
        super().__init__()
        check_head(model.decode_head)  # names what it has instead
        self.model = model
        self.eval()

    def extract_feat(self, inputs: Tensor) -> list[Tensor]:
        """Maps of backbone and neck."""
        return self.model.extract_feat(inputs)

    def _forward(self, inputs: Tensor) -> Tensor:
        """Logits (B, 1, H, W) at the inputs' size, which mmseg resizes on."""
        maps, head = self.extract_feat(inputs), self.model.decode_head
        logit = forged_logit(head, maps, self.model.test_cfg)
        size, corners = inputs.shape[-2:], head.align_corners
        return F.interpolate(logit, size, mode='bilinear', align_corners=corners)
