"""Checkpoints of tensors and plain data only."""

from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmseg.registry import HOOKS

_MARK = 'history_buffer'


def to_plain(value: Any) -> Any:
    """MMEngine's log buffers and numpy values, nested, as tensors and plain Python."""
    if isinstance(value, HistoryBuffer):
        values, counts = (torch.as_tensor(x) for x in value.data)
        return {_MARK: [values, counts, value.max_length]}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.as_tensor(value)
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_plain(item) for item in value)
    return value


def to_buffers(value: Any) -> Any:
    """Inverse of ``to_plain`` for log buffers."""
    if isinstance(value, dict):
        if set(value) == {_MARK}:
            values, counts, max_length = value[_MARK]
            return HistoryBuffer(values.tolist(), counts.tolist(), max_length)
        return {key: to_buffers(item) for key, item in value.items()}
    return value


@HOOKS.register_module()
class SafeCheckpointHook(Hook):
    """Lets torch's safe loader (``weights_only=True``) read a run's checkpoints.

    MMEngine stores the run's logs as objects that only the unsafe loader reads. This
    hook stores them as tensors and restores them on loading; checkpoints without it
    still load.
    """

    priority = 'LOWEST'

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Store the logs as tensors."""
        for key in checkpoint.keys() - {'state_dict', 'optimizer'}:
            checkpoint[key] = to_plain(checkpoint[key])
        # MMEngine would warn of keys without a value on every resume.
        hub = checkpoint['message_hub']
        present = hub['log_scalars'].keys() | hub['runtime_info'].keys()
        hub['resumed_keys'] = {
            k: v for k, v in hub['resumed_keys'].items() if k in present
        }

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Restore the logs."""
        if 'message_hub' in checkpoint:
            checkpoint['message_hub'] = to_buffers(checkpoint['message_hub'])
