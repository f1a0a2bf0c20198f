# The first two stages of a narrow ResNet-18 behind the input filter of JPEG's blocks: 17
# times fewer weights than HRNet-W18-small; the projection's dropout makes the second pass differ.
_base_ = './mpc_bce.py'
model = dict(
    backbone=dict(
        type='FilteredBackbone',
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
            norm_eval=False)),
    neck=dict(in_channels=[32, 64], out_channels=32, dropout=0.1),
    decode_head=dict(in_channels=[32, 32], hidden_channels=(32, )))
