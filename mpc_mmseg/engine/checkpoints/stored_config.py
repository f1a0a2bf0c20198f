"""The config inside a checkpoint: read as data, built from known types only.

MMEngine stores a config as Python text, and its registries import any dotted name. Here
the text is parsed and never executed, and what is built from it consists of types that
are named below, with numbers and words for arguments.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.config.config import RESERVED_KEYS
from mmseg.registry import MODELS

from mpc_mmseg import datasets
from mpc_mmseg.config_text import TRUST, parse_config
from mpc_mmseg.plain_text import plain_text, shown_address

_NAMES = """
    EncoderDecoder CascadeEncoderDecoder SegDataPreProcessor
    ResNet ResNetV1c ResNetV1d ResNeXt ResNeSt HRNet MobileNetV2 MobileNetV3 UNet
    MixVisionTransformer SwinTransformer VisionTransformer BEiT MSCAN PCPVT SVT
    BiSeNetV1 BiSeNetV2 CGNet DDRNet ERFNet FastSCNN PIDNet STDCNet STDCContextPathNet
    ANNHead ASPPHead FCNHead CCHead DAHead DDRHead DMHead DNLHead EMAHead EncHead
    FPNHead GCHead ISAHead LightHamHead LRASPPHead NLHead OCRHead PIDHead PointHead
    PSAHead PSPHead SegformerHead SegmenterMaskTransformerHead STDCHead SETRMLAHead
    SETRUPHead UPerHead DepthwiseSeparableASPPHead DepthwiseSeparableFCNHead
    FPN Feature2Pyramid JPU MLANeck MultiLevelNeck
    BoundaryLoss CrossEntropyLoss DiceLoss FocalLoss LovaszLoss OhemCrossEntropy
    TverskyLoss OHEMPixelSampler
    BN BN1d BN2d SyncBN GN LN IN IN2d Conv Conv2d DCN DCNv2 deconv Dropout DropPath
    ReLU ReLU6 LeakyReLU PReLU ELU GELU SiLU Sigmoid Tanh HSigmoid HSwish Swish
    nearest bilinear pixel_shuffle zero reflect replicate InterpConv DeconvModule
    mmpretrain.ConvNeXt mmpretrain.EfficientNet mmpretrain.MobileNetV3
    mmpretrain.SwinTransformer mmpretrain.ResNet mmpretrain.VisionTransformer
    mmpretrain.VAN
    LoadImageFromFile LoadAnnotations Normalize Pad Resize ResizeShortestEdge
    ResizeToMultiple CenterCrop RandomFlip PackSegInputs
"""
#: Types of other packages that a stored config may name; those of this package may be
#: named as well. A plugin adds its own here, if their arguments cannot do any harm.
KNOWN_TYPES = set(_NAMES.split())
# They fetch weights that the file replaces anyway.
_PRETRAINED = ('init_cfg', 'pretrained')
# The only strings that the arguments of the types above need. With a dot, a slash or a
# colon one could name a file or an address.
_WORD = re.compile(r'[\w-]{0,64}')
_LARGEST = 2.0**24
# A text here is a file that mmseg unpickles; the others choose where bytes come from.
_NOT_WORDS = ('class_weight', 'backend_args', 'file_client_args')


def without_pretrained(node: Any) -> Any:
    """Removes pretrained weights from a model's config: they would be overwritten."""
    if isinstance(node, dict):
        return {
            key: None if key in _PRETRAINED else without_pretrained(value)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return type(node)(without_pretrained(value) for value in node)
    return node


def check_plain(
    node: Any, where: str, source: str, any_type: bool = False, remedy: str = TRUST
) -> None:
    """Checks that a part of a config consists of known types, numbers and words.

    With ``any_type`` types may be others than the known ones.

    Raises:
        ValueError: Naming key and value, the file and the remedy.
    """
    for key, problem in _problems(node, where, any_type):
        raise ValueError(f'{source}: {plain_text(key)} {problem}. {remedy}')


def _problems(node: Any, where: str, any_type: bool) -> Iterator[tuple[str, str]]:
    shown = plain_text(repr(shown_address(str(node))), 80)
    if isinstance(node, dict):
        for key, value in node.items():
            inner = f'{where}.{key}'
            if key == '_scope_' and value in ('mmseg', 'mpc_mmseg'):
                continue  # in a base that was named by its package
            if not isinstance(key, str | int) or str(key).startswith('_'):
                yield inner, 'is no name of an argument'
            elif key == 'type':
                if not any_type and not is_known(value):
                    yield inner, f'= {plain_text(repr(value), 80)} is no known type'
            elif key in _NOT_WORDS and isinstance(value, str | dict):
                yield inner, 'could name a file or a server'
            else:
                yield from _problems(value, inner, any_type)
    elif isinstance(node, list | tuple):
        for i, value in enumerate(node):
            yield from _problems(value, f'{where}.{i}', any_type)
    elif isinstance(node, str):
        if not _WORD.fullmatch(node):
            yield where, f'= {shown} is no plain word: it could name a file'
    elif isinstance(node, int | float) and math.isfinite(node):
        if abs(node) > _LARGEST:
            yield where, f'= {shown} is too large'
    elif node is not None:
        yield where, f'= {shown} is no number'


def is_known(name: Any) -> bool:
    """Whether a stored config may name this type of a model or transform."""
    if not isinstance(name, str):
        return False
    # Transforms are known before they are imported.
    if name in KNOWN_TYPES or name in datasets.__all__:
        return True
    # `Registry.get` would import packages. OnnxSegmentor opens a file.
    found = MODELS.module_dict.get(name) if name != 'OnnxSegmentor' else None
    return found is not None and found.__module__.startswith('mpc_mmseg.')


def stored_config(
    checkpoint: Mapping[str, Any],
    source: str,
    trust_config: bool = False,
    checked: bool = True,
) -> Config:
    """The config in a checkpoint, of which model and test pipeline may be built.

    Args:
        checkpoint: Its content.
        source: The file, for errors.
        trust_config: Whether the text is executed instead, as MMEngine does: it can
            then do on this machine whatever you can.
        checked: Whether model and test pipeline are checked; if not, nothing of the
            config may be built.

    Raises:
        ValueError: If there is none, or without trust, if it is not data or not plain.
    """
    text = checkpoint.get('meta', {}).get('cfg')
    if not isinstance(text, str):
        raise ValueError(
            f'{source} contains no config: pass the config file as the model and this '
            'file as the weights'
        )
    if trust_config:
        return Config.fromstring(text, file_format='.py')
    values = parse_config(text, source)
    for key in RESERVED_KEYS:
        values.pop(key, None)  # Config refuses them
    if not checked:
        return Config(values)
    if values.get('default_scope') not in (None, 'mmseg'):
        raise ValueError(f"{source}: default_scope is not 'mmseg'. {TRUST}")
    check_plain(without_pretrained(values.get('model')), 'model', source)
    for pipeline in test_pipelines(values.get('test_dataloader')):
        check_plain(pipeline, 'pipeline', source)
        if not all(isinstance(step, dict) and 'type' in step for step in pipeline):
            raise ValueError(f'{source}: its test pipeline is no list of steps')
    return Config(values)


def test_pipelines(node: Any) -> Iterator[Any]:
    """The pipelines below a dataloader, its wrappers and mixtures."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == 'pipeline' and isinstance(value, list | tuple):
                yield value
            else:
                yield from test_pipelines(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from test_pipelines(value)
