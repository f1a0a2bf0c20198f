"""A test set whose photographs are post-processed before anything else happens."""

import copy

from mpc_mmseg.datasets.dataset_configs import innermost_datasets
from mpc_mmseg.datasets.post_processing import Setting

_LOADS_IMAGE = ('LoadForgeryImage', 'LoadImageFromFile')
_LOADS_MASK = ('LoadForgeryMask', 'LoadAnnotations')


def post_processed(dataset: dict, setting: Setting) -> dict:
    """Puts a setting into the pipelines of a test set's config.

    Args:
        dataset: Config of a data set, a wrapper or a mixture of data sets.
        setting: What happens to each photograph.

    Returns:
        A copy: the photograph is processed right after it was read, its mask is
        cropped alike right after it was read.

    Raises:
        ValueError: If a pipeline does not begin with reading the photograph.
    """
    dataset = copy.deepcopy(dataset)
    if not setting.steps:
        return dataset
    for inner in innermost_datasets(dataset):
        steps = list(inner.get('pipeline', ()))
        if not steps or steps[0]['type'] not in _LOADS_IMAGE:
            first = steps[0]['type'] if steps else 'nothing'
            raise ValueError(
                f'the test pipeline must begin with one of {_LOADS_IMAGE}, so that '
                f'photographs are processed at native size; it begins with {first}'
            )
        changed = [steps[0], dict(type='PostProcessImage', setting=setting.chain)]
        for step in steps[1:]:
            changed.append(step)
            if step['type'] in _LOADS_MASK:
                changed.append(dict(type='CropMaskToImage'))
        inner['pipeline'] = changed
    return dataset
