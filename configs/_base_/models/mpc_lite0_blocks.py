# Two streams: EfficientNet-Lite0 on the colours, and on JPEG's blocks the first two stages
# of a narrow ResNet-18, whose maps have strides 8 and 16. For photographs at native size.
_base_ = './mpc_lite0.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='TwoStreamBackbone',
        pass_unmatched=True,
        first={{_base_.model.backbone}},
        second=dict(
            type='FilteredBackbone',
            input_mean={{_base_.model.data_preprocessor.mean}},
            input_std={{_base_.model.data_preprocessor.std}},
            filters=[dict(type='BlockHistogram', block_pixels=4)],
            backbone=dict(
                type='ResNet',
                depth=18,
                num_stages=2,
                stem_channels=32,
                base_channels=32,
                strides=(1, 2),
                dilations=(1, 1),
                out_indices=(0, 1),
                norm_cfg=dict(type='BN', requires_grad=True),
                norm_eval=False))),
    neck=dict(in_channels=[24, 72, 176, 320]))
