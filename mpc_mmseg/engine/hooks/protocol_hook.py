"""No run selects checkpoints on its test data, unless its config allows it."""

import copy
import logging
from collections.abc import Iterator
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import DATASETS, HOOKS

from mpc_mmseg.datasets.dataset_configs import innermost_datasets
from mpc_mmseg.datasets.lists.leakage import Side, compare


@HOOKS.register_module()
class ProtocolHook(Hook):
    """Compares the images of a config's train, val and test data before a run starts.

    The same image, or the same protocol under another name, on two sides is an error;
    other images of the same source photographs are a warning. Validation selects the
    best checkpoint and may lower the learning rate, so val and test must differ as
    well, unless the config states ``allow_selection_on_test = True``. Pipelines that
    break what the model needs of its input are errors too.
    """

    def before_run(self, runner) -> None:
        """Compare; a ValueError names two sides that share images, and the images."""
        sides, model = [], getattr(runner, 'model', None)
        check = getattr(getattr(model, 'module', model), 'check_pipeline', None)
        for purpose in ('train', 'val', 'test'):
            if loader := runner.cfg.get(f'{purpose}_dataloader'):
                for steps in _pipelines(loader.dataset) if check else ():
                    check(steps, test=purpose != 'train')
                try:
                    sides.append(_side(purpose, loader.dataset))
                except FileNotFoundError as error:
                    # Training needs no test data.
                    print_log(
                        f'The {purpose} data cannot be compared with the rest: {error}',
                        logger='current',
                    )
        errors, warnings = compare(
            sides, runner.cfg.get('allow_selection_on_test', False)
        )
        for warning in warnings:
            print_log(warning, logger='current', level=logging.WARNING)
        if errors:
            raise ValueError('\n'.join(errors))


def _pipelines(node: Any) -> Iterator[list[dict]]:
    """The pipelines of a dataset's config and of those that it contains."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        if key == 'pipeline':
            yield child
        elif isinstance(child, dict | list):
            yield from _pipelines(child)


def _side(purpose: str, dataset: dict) -> Side:
    names, images, groups, hashes = [], set(), set(), {}
    for config in innermost_datasets(dataset):
        config = copy.deepcopy(config)
        config.update(pipeline=[], serialize_data=False, lazy_init=False)
        if config.get('type') == 'ForgeryDataset':
            config.update(check='none')
        built = DATASETS.build(config)
        name = getattr(built, 'dataset_name', type(built).__name__)
        names.append(name)
        for info in built.data_list:
            images.add(info['img_path'])
            groups.update(info.get('source_groups', ()))
        if sha256 := getattr(built, 'protocol_sha256', None):
            hashes[sha256] = name
    return Side(purpose, names, images, groups, hashes)
