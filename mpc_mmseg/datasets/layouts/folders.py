"""Any data set with a folder of images and a folder of masks."""

import re
from functools import partial

from .layout import Find, layout
from .mask_decoding import bright_is_forged, dark_is_forged, green_is_forged
from .patterns import IMAGE, Patterns

DECODERS = {
    'plain': None,
    'inverted': dark_is_forged,
    'green': green_is_forged,
    'nonzero': partial(bright_is_forged, above=10),
}


@layout('folders', hint='ROOT holds a folder of images and one of masks')
def folders(
    images: str = 'images',
    masks: str = 'masks',
    authentic: str = 'authentic',
    suffix: str = '',
    coding: str = 'plain',
    tag: str = '',
    sources: str = '',
) -> Find:
    """``{images}/x.jpg``, ``{masks}/x{suffix}.png``, ``{authentic}/y.jpg``.

    Args:
        images: The folder of forged images.
        masks: The folder of their masks.
        authentic: The folder of authentic images; it need not exist.
        suffix: Suffix of a mask's name after that of its image, such as ``_gt``.
        coding: 'plain' (white, 1 or a bright colour is forged), 'inverted' (black is),
            'green' (green is, red is not), 'nonzero' (anything but black is).
        tag: The kind of all forgeries.
        sources: A regular expression whose matches in a name are its sources; '': the
            name itself is its source.
    """
    if coding not in DECODERS:
        raise ValueError(f'coding must be one of {list(DECODERS)}, not {coding!r}')

    def ids(key: str) -> tuple[str, ...]:
        found = re.finditer(sources, key) if sources else ()
        return tuple(sorted({each[0] for each in found})) or (key,)

    return Patterns(
        forged=rf'{re.escape(images)}/(?P<key>.+?){IMAGE}',
        mask=rf'{re.escape(masks)}/(?P<key>.+?){re.escape(suffix)}{IMAGE}',
        authentic=rf'{re.escape(authentic)}/(?P<key>.+?){IMAGE}',
        tags=lambda key: (tag,) if tag else (),
        sources=ids,
        decode=DECODERS[coding],
    )
