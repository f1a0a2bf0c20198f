"""Checkpoints of tensors and plain data only."""

from typing import Any

import numpy as np
from mmengine.hooks import Hook
from mmseg.registry import HOOKS


def to_plain(value: Any) -> Any:
    """Nested data with plain numbers for numpy's."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_plain(item) for item in value)
    return value


@HOOKS.register_module()
class SafeCheckpointHook(Hook):
    """Lets torch's safe loader (``weights_only=True``) read a run's checkpoints.

    MMEngine stores the run's logs as objects that only the unsafe loader reads. Here
    they are left out: a resumed run logs means of what it trained itself.
    """

    priority = 'LOWEST'

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Leave out the logs; store numbers as plain ones."""
        hub = checkpoint['message_hub']
        hub['log_scalars'] = {}
        # MMEngine would warn of keys without a value on every resume.
        kept = hub['resumed_keys'].items()
        hub['resumed_keys'] = {k: v for k, v in kept if k in hub['runtime_info']}
        for key in checkpoint.keys() - {'state_dict', 'optimizer'}:
            checkpoint[key] = to_plain(checkpoint[key])

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Leave out the logs of other checkpoints as well."""
        if 'message_hub' in checkpoint:
            checkpoint['message_hub']['log_scalars'] = {}
