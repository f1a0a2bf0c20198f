# native_256x256.py, with half of the photographs processed as a whole after they were
# forged: saved again, resized, made noisy or cropped off JPEG's grid. What the forger left
# in the blocks is then gone or drowned, and a network is to learn that it is.
_base_ = './native_256x256.py'
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadForgeryImage'),
            dict(type='LoadForgeryMask'),
            dict(
                type='RandomApply',
                prob=0.5,
                transforms=[
                    dict(
                        type='RandomChoice',
                        transforms=[
                            [dict(type='RandomJPEG', quality=(50, 95))],
                            [dict(type='RandomResample', scale=(0.5, 0.95))],
                            [dict(type='RandomGaussianNoise', sigma=(1.0, 5.0))],
                            [
                                dict(
                                    type='RandomChoiceResize',
                                    scales=[(288, 192), (336, 224),
                                            (460, 306)],
                                    keep_ratio=True)
                            ],
                            [
                                dict(
                                    type='RandomBlockCrop',
                                    size=(250, 370),
                                    block=1)
                            ],
                        ])
                ]),
            dict(type='RandomBlockCrop', size=(256, 256)),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackForgeryInputs'),
        ]))
