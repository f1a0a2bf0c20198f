"""The ``extra`` of small HRFormers, and of HRNets of their shape."""


def hrformer_extra(
    first, channels, heads, windows, ratios, blocks, third=2, block='HRFORMER'
):
    """One module a stage, of the third as many as are asked for.

    Args:
        first: Channels of stage 1.
        channels: Channels of each branch, like heads, windows, ratios and blocks.
        heads: Heads of the attention.
        windows: Their sides.
        ratios: Channels inside the FFN per channel.
        blocks: In a branch.
        third: Modules of stage 3.
        block: Type of the blocks of stages 2 to 4.
    """
    extra = dict(
        stage1=dict(
            num_modules=1,
            num_branches=1,
            block='BOTTLENECK',
            num_blocks=(1,),
            num_channels=(first,),
        )
    )
    for n in range(2, 5):
        extra[f'stage{n}'] = dict(
            num_modules=third if n == 3 else 1,
            num_branches=n,
            block=block,
            num_blocks=blocks[:n],
            num_channels=channels[:n],
            num_heads=heads[:n],
            window_sizes=windows[:n],
            mlp_ratios=ratios[:n],
        )
    return extra
