"""The weights of a model, whatever its parts leave out of their state_dict."""

from torch import Tensor, nn


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Name -> each parameter and each buffer that belongs into a checkpoint.

    The yardstick for files: a module may leave weights out of its state_dict, as
    mmpretrain's ``LoRAModel`` does.
    """
    transient = {
        f'{prefix}.{name}' if prefix else name
        for prefix, module in model.named_modules()
        for name in module._non_persistent_buffers_set
    }
    found: dict[str, Tensor] = {}
    found |= dict(model.named_parameters(remove_duplicate=False))
    found |= dict(model.named_buffers(remove_duplicate=False))
    return {k: value.detach() for k, value in found.items() if k not in transient}
