"""One image size for all pipelines of a config."""

from typing import Any

from mmengine.config import Config

# MMCV's Resize takes (width, height) as `scale`; crops and padding (height, width).
_WIDTH_FIRST, _HEIGHT_FIRST = ('scale',), ('crop_size', 'size')


def set_image_size(cfg: Config, value: Any) -> None:
    """Changes a config's ``image_size`` and the sizes derived from it.

    These are, in the pipelines and in the preprocessor, each ``scale`` that equals
    ``image_size`` as (width, height), and each ``crop_size`` and ``size`` that equals
    it as (height, width). Other sizes stay. The value is height and width, or one
    number for both.

    Raises:
        ValueError: If it is no size, or no pipeline has the current one.
    """
    new = [value, value] if isinstance(value, int) else value
    if (
        not isinstance(new, list | tuple)
        or len(new) != 2
        or not all(type(n) is int and n > 0 for n in new)
    ):
        raise ValueError(
            f'image_size must be one positive integer or height and width, as '
            f'image_size=384 or image_size="(384,512)", got {value!r}'
        )
    old = cfg.image_size
    old = [old, old] if isinstance(old, int) else list(old)
    roots = [cfg[k] for k in cfg if k.endswith('_dataloader') and cfg[k]]
    found = [step for root in roots for step in _steps(root, old, False)]
    preprocessor = cfg.get('model', {}).get('data_preprocessor')
    for node in (cfg.get('test_pipeline'), preprocessor):
        found += _steps(node, old, True)
    if not found:
        raise ValueError(
            f'image_size: no pipeline of this config has its image_size {tuple(old)}; '
            'set the sizes of the pipelines in the config file'
        )
    for step, key in found:
        step[key] = tuple(new[::-1] if key in _WIDTH_FIRST else new)
    cfg.image_size = tuple(new)


def _steps(node: Any, old: list[int], inside: bool) -> list[tuple[dict, str]]:
    """The steps of pipelines that have a size, with its key."""
    if isinstance(node, list | tuple):
        return [step for each in node for step in _steps(each, old, inside)]
    if not isinstance(node, dict):
        return []
    found = []
    for key, value in node.items():
        size = old[::-1] if key in _WIDTH_FIRST else old
        is_list = isinstance(value, list | tuple)
        is_size = key in _WIDTH_FIRST + _HEIGHT_FIRST and is_list
        if inside and is_size and list(value) == size:
            found.append((node, key))
        else:
            found += _steps(value, old, inside or key == 'pipeline')
    return found
