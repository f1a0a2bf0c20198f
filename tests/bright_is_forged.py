"""A segmentor small enough to know what it must say: it calls bright pixels forged."""

import cv2
import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS

from mpc_mmseg.engine.checkpoints.stored_config import KNOWN_TYPES
from mpc_mmseg.probability import resize_probability

CONFIG = """
default_scope = 'mmseg'
model = dict(
    type='BrightIsForged',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[0] * 3, std=[255] * 3, bgr_to_rgb=True),
    init_cfg=dict(type='Pretrained', checkpoint='absent.pth'))
test_dataloader = dict(
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(
                type='ForgeryDataset',
                pipeline=[
                    dict(type='LoadForgeryImage'),
                    dict(type='Resize', scale=(32, 32)),
                    dict(type='LoadForgeryMask'),
                    dict(type='PackForgeryInputs'),
                ])
        ]))
"""

KNOWN_TYPES.add('BrightIsForged')


@MODELS.register_module()
class BrightIsForged(BaseSegmentor):
    """Probability = weight x mean brightness."""

    multiple = 1  # a pixel's depends on no other one

    def __init__(self, data_preprocessor, init_cfg=None, gives='prob', test_cfg=None):
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.gives = gives
        self.phase = 'contrast'
        if test_cfg:
            self.threshold = test_cfg['threshold']

    def set_phase(self, phase):
        self.phase = phase

    def predict(self, inputs, data_samples=None):
        for image, sample in zip(inputs, data_samples):
            assert image.size(0) == 3 and max(image.shape[1:]) <= 32
            prob = (self.weight * image.mean(0)).detach().cpu().numpy()
            prob = torch.from_numpy(resize_probability(prob, sample.ori_shape))
            if self.gives == 'logits':
                sample.seg_logits = PixelData(
                    data=torch.stack([torch.zeros_like(prob), prob.logit()])
                )
            else:
                sample.forgery_prob = PixelData(data=prob[None])
        return data_samples

    def loss(self, inputs, data_samples):
        raise NotImplementedError

    _forward = encode_decode = extract_feat = loss


def write_image(path, seed=0, shape=(40, 50)):
    """A dark image with a bright left half."""
    image = np.random.default_rng(seed).integers(0, 40, (*shape, 3), dtype=np.uint8)
    image[:, : shape[1] // 2] += 200
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return image
