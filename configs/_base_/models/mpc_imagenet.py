# For backbones whose ImageNet weights OpenMMLab trained: its normalisation, and the
# projection's dropout, which makes the second pass differ. Nothing in ResNet is random, and
# stochastic depth hardly reaches the finest map of the others.
_base_ = './mpc.py'
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    neck=dict(dropout=0.1))
