"""What the description of HRFormer's stages must hold."""

from collections.abc import Mapping

_PER_BRANCH = (
    'num_blocks',
    'num_channels',
    'num_heads',
    'window_sizes',
    'mlp_ratios',
)


def check_extra(extra: Mapping, first_blocks: tuple[str, ...]) -> None:
    """Check the description of the stages.

    Args:
        extra: As of `HRFormer`.
        first_blocks: Names of the blocks that stage 1 may hold.

    Raises:
        ValueError: If a key is missing or a value does not fit, with both.
    """
    for n in range(1, 5):
        name = f'stage{n}'
        if name not in extra:
            raise ValueError(f'extra lacks {name!r}, it has {list(extra)}')
        stage = extra[name]
        keys = _PER_BRANCH if n > 1 else _PER_BRANCH[:2]
        missing = {'num_modules', 'num_branches', 'block', *keys} - set(stage)
        if missing:
            raise ValueError(f'extra.{name} lacks {sorted(missing)}')
        blocks = ('HRFORMER',) if n > 1 else first_blocks
        expected = {'block': blocks, 'num_branches': (n,)}
        for key, allowed in expected.items():
            if stage[key] not in allowed:
                raise ValueError(
                    f'extra.{name}.{key} must be one of {allowed}, got {stage[key]!r}'
                )
        if stage['num_modules'] < 1:
            raise ValueError(
                f'extra.{name}.num_modules must be positive, got {stage["num_modules"]}'
            )
        for key in keys:
            if len(stage[key]) != n or min(stage[key]) <= 0:
                raise ValueError(
                    f'extra.{name}.{key} must be {n} positive numbers, one per '
                    f'branch, got {stage[key]!r}'
                )
        if n == 1:
            continue
        for channels, heads in zip(stage['num_channels'], stage['num_heads']):
            if channels % heads:
                raise ValueError(
                    f'extra.{name}.num_heads {stage["num_heads"]!r} must divide '
                    f'num_channels {stage["num_channels"]!r}'
                )
