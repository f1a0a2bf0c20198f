# ConvNeXt-T of mmpretrain, initialised from its ImageNet weights; a leaf imports
# mmpretrain.models. Stochastic depth hardly reaches the finest map: the projection's
# dropout makes its second view.
_base_ = ['./mpc_hrnet_w18s.py']
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    backbone=dict(
        _delete_=True,
        type='mmpretrain.ConvNeXt',
        arch='tiny',
        out_indices=[0, 1, 2, 3],
        drop_path_rate=0.2,
        layer_scale_init_value=1.0,
        gap_before_final_norm=False,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://mmassets.onedl.ai/mmclassification/v0/convnext/downstream/convnext-tiny_3rdparty_32xb128-noema_in1k_20220301-795e9634.pth',
            prefix='backbone.')),
    neck=dict(in_channels=[96, 192, 384, 768], dropout=0.1))
