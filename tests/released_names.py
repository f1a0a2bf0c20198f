"""A small HRFormer of here, and its weights under the names of the released code."""

from hrformer_extra import hrformer_extra

from mpc_mmseg.models.backbones.hrformer_block import relative_position_index


def model_cfg():
    extra = hrformer_extra(
        first=4,
        channels=(4, 8, 16, 32),
        heads=(1, 2, 2, 4),
        windows=(7, 5, 7, 7),
        ratios=(2, 4, 3, 2),
        blocks=(2, 1, 1, 1),
    )
    return dict(
        type='MPCSegmentor',
        backbone=dict(type='HRFormer', extra=extra, stem_channels=12),
        neck=dict(
            type='MultiScaleProjection', in_channels=[4, 8, 16, 32], out_channels=8
        ),
        decode_head=dict(
            type='LocalizationHead', in_channels=[8] * 4, hidden_channels=(16, 8)
        ),
    )


def released(model):
    """The weights of a model under the released names, written out independently."""
    weights = {}
    for name, value in model.state_dict().items():
        part, _, rest = name.partition('.')
        if part == 'decode_head':
            # Two hidden layers: BatchNorm 0, conv 2, BatchNorm 3, conv 5, ...
            rest = rest.replace('stack.', '').replace('conv_seg', '8')
            weights[f'decoder.classifier.{rest}'] = value
            continue
        if part == 'neck':
            rest = rest.replace('projections', 'convs')
        if '.attn.qkv.' in rest:
            for letter, piece in zip('qkv', value.chunk(3)):
                new = rest.replace('.qkv.', f'.attn.{letter}_proj.')
                weights[f'encoder.{new}'] = piece.clone()
            continue
        if 'relative_position_bias_table' in rest:
            index = rest.replace('bias_table', 'index').replace('.attn.', '.attn.attn.')
            size = (round(len(value) ** 0.5) + 1) // 2
            weights[f'encoder.{index}'] = relative_position_index(size)
        for ours, theirs in (
            ('attn.proj', 'attn.attn.out_proj'),
            ('attn.relative', 'attn.attn.relative'),
            ('ffn.expand', 'mlp.fc1'),
            ('ffn.depthwise', 'mlp.dw3x3'),
            ('ffn.reduce', 'mlp.fc2'),
            ('ffn.', 'mlp.'),
        ):
            rest = rest.replace(ours, theirs)
        weights[f'encoder.{rest}'] = value
    return weights
