"""Weights pass from one run to the next only if they fit."""

from collections.abc import Mapping, MutableMapping, Sequence

from torch import Tensor


def check_weights(
    state: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    required: Sequence[str],
    source: str,
) -> None:
    """Compare a checkpoint's weights with the model's, by name and shape.

    Args:
        state: The checkpoint's state dict.
        expected: The model's.
        required: Prefixes of the names that the checkpoint must hold, all of them.
        source: What errors call the checkpoint.

    Raises:
        RuntimeError: If a required weight is missing, a weight is unknown to the
            model, or a shape differs; with all their names.
    """
    state = {key.removeprefix('module.'): value for key, value in state.items()}
    prefixes = tuple(required)
    problems = {
        'missing': [k for k in expected if k.startswith(prefixes) and k not in state],
        'unknown to the model': [k for k in state if k not in expected],
        'of another shape': [
            f'{k} {tuple(v.shape)} instead of {tuple(expected[k].shape)}'
            for k, v in state.items()
            if k in expected and v.shape != expected[k].shape
        ],
    }
    found = {what: keys for what, keys in problems.items() if keys}
    if found:
        lines = [
            f'  {len(keys)} {what}: {", ".join(keys)}' for what, keys in found.items()
        ]
        raise RuntimeError(
            f'{source} does not fit this model; use a checkpoint of the same '
            'architecture:\n' + '\n'.join(lines)
        )


def drop_untrained_head(
    state: MutableMapping[str, Tensor], expected: Mapping[str, Tensor]
) -> None:
    """Leave out phase 1's head where the model has another.

    Phase 1 does not train it. So heads of any shape can be tried on its features.

    Args:
        state: The checkpoint's state dict; changed in place.
        expected: The model's.
    """
    heads = [
        {k: v.shape for k, v in weights.items() if k.startswith('decode_head.')}
        for weights in (state, expected)
    ]
    if heads[0] != heads[1]:
        for key in heads[0]:
            state.pop(key)
