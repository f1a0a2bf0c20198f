# HRNet-W18-small behind the input filter of JPEG's blocks, one vector a block, under a
# narrow projection and head: for photographs at native size.
_base_ = './mpc_hrnet_w18s.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='FilteredBackbone',
        filters=[dict(type='BlockHistogram', block_pixels=4)],
        backbone={{_base_.model.backbone}}),
    neck=dict(out_channels=64),
    decode_head=dict(
        in_channels=[64, 64, 64, 64],
        hidden_channels=(128, 64)))
