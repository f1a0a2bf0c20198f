"""The data sets in a dataloader's config, below wrappers and mixtures."""

from collections.abc import Iterator


def innermost_datasets(dataset: dict) -> Iterator[dict]:
    """The configs of the data sets below wrappers and mixtures."""
    for _, innermost in innermost_by_key(dataset, 'dataset'):
        yield innermost


def innermost_by_key(dataset: dict, key: str) -> Iterator[tuple[str, dict]]:
    """Data sets with their keys below a dataloader, as for ``--cfg-options``.

    Args:
        dataset: Config of a data set, a wrapper or a mixture of data sets.
        key: Its own key.
    """
    if 'dataset' in dataset:
        yield from innermost_by_key(dataset['dataset'], f'{key}.dataset')
    elif dataset.get('datasets'):
        for i, each in enumerate(dataset['datasets']):
            yield from innermost_by_key(each, f'{key}.datasets.{i}')
    else:
        yield key, dataset
