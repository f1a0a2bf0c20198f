# HRFormer-base, as in the released MPC (45.04 M parameters with neck and head).
_base_ = './mpc_hrformer_small.py'
model = dict(
    backbone=dict(
        extra=dict(
            stage2=dict(num_heads=(2, 4), num_channels=(78, 156)),
            stage3=dict(num_heads=(2, 4, 8), num_channels=(78, 156, 312)),
            stage4=dict(
                num_heads=(2, 4, 8, 16), num_channels=(78, 156, 312, 624)))),
    neck=dict(in_channels=[78, 156, 312, 624]))
