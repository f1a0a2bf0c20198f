"""One image size for all pipelines of a config."""

from typing import Any

from mmengine.config import Config

# MMCV's Resize takes (width, height) as `scale`; crops and padding (height, width).
_WIDTH_FIRST, _HEIGHT_FIRST = ('scale',), ('crop_size', 'size')


def set_image_size(cfg: Config, value: Any) -> None:
    """Changes a config's ``image_size`` and what its file derived from it.

    That is, in the pipelines of its data sets and in the preprocessor: each ``scale``
    that is ``image_size`` as (width, height), each ``crop_size`` and ``size`` that is
    ``image_size`` as (height, width). All other sizes stay. A config whose test data
    keep their native size has no such step in its test pipelines.

    Args:
        cfg: Changed in place; a file, or what a run dumped.
        value: Height and width, or one number for both.

    Raises:
        ValueError: If the value is no size, or no pipeline holds the present one.
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
    new = list(new)
    places = [place for root in roots for place in _places(root, old, False)]
    places += _places(cfg.get('model', {}).get('data_preprocessor'), old, True)
    if not places:
        raise ValueError(
            f'image_size: no pipeline of this config has its image_size {tuple(old)}; '
            'set the sizes of the pipelines in the config file'
        )
    for step, key in places:
        step[key] = tuple(new[::-1] if key in _WIDTH_FIRST else new)
    cfg.image_size = tuple(new)


def _places(node: Any, old: list[int], inside: bool) -> list[tuple[dict, str]]:
    """The steps of pipelines, with their keys, that hold a size."""
    if isinstance(node, list | tuple):
        return [place for each in node for place in _places(each, old, inside)]
    if not isinstance(node, dict):
        return []
    found = []
    for key, value in node.items():
        size = old[::-1] if key in _WIDTH_FIRST else old
        if inside and key in _WIDTH_FIRST + _HEIGHT_FIRST and _is(value, size):
            found.append((node, key))
        else:
            found += _places(value, old, inside or key == 'pipeline')
    return found


def _is(value: Any, size: list[int]) -> bool:
    return isinstance(value, list | tuple) and list(value) == size
