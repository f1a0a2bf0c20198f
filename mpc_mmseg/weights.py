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


def complete_state_dict(model: nn.Module) -> None:
    """From now on the model's state_dict has all of today's `weights_of` it."""
    model._names_of_weights = frozenset(weights_of(model))  # type: ignore[assignment]
    model._register_state_dict_hook(_add_left_out)


def _add_left_out(
    model: nn.Module, state: dict[str, Tensor], prefix: str, metadata: dict
) -> None:
    names: frozenset = model._names_of_weights  # type: ignore[assignment]
    for name, value in weights_of(model).items():
        # Wrappers such as FSDP have parameters of other names.
        if name in names:
            state.setdefault(prefix + name, value)
