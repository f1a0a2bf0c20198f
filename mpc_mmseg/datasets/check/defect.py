"""The defects that a data set can have: their severity, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

#: An error fails the check; a warning needs a look; a note is normal in some data sets.
SEVERITIES = ('error', 'warning', 'note')

#: Kind -> its severity, and what to do.
KINDS: dict[str, tuple[str, str]] = {
    'missing file': ('error', 'correct the list, or add the file'),
    'unpaired file': ('error', 'give each forged image one mask of the same name'),
    'listed twice': ('error', 'keep one line; to weight images, repeat them by a tag'),
    'zero-size file': ('error', 'fetch it again; it has no content'),
    'unreadable file': ('error', 'fetch or export it again, or remove it'),
    'truncated file': ('error', 'fetch it again; its end is missing or damaged'),
    'mask of another size': ('error', 'apply the transform that is named'),
    'unknown mask coding': (
        'error',
        "declare what the levels mean by mask_coding='nonzero', '0/1/255' or another, "
        'or code forged pixels as 255',
    ),
    'mixed mask codings': (
        'error',
        'one data set has one coding: code all masks alike, or split the list and '
        'declare mask_coding for each part',
    ),
    'faint mask': (
        'error',
        'a JPEG whose levels are compression noise, such as a mask of 0 and 1 gives; '
        'export the mask again as a PNG of 0 and 255',
    ),
    'empty mask': (
        'error',
        'a forged image without a forged pixel: correct its mask; only if nothing in '
        'the image was forged, list it as authentic',
    ),
    'masks flipped': (
        'error',
        'most outlines lie on edges of their images only after the named transform; '
        'apply it to all masks, and check again',
    ),
    'contradicting duplicates': (
        'error',
        'the same image has two ground truths; keep the right one',
    ),
    'duplicate between lists': (
        'error',
        'the same image is in two lists: scores on one are meaningless after training '
        'on the other; remove it from one',
    ),
    'near-duplicate between lists': (
        'error',
        'two versions of one photograph are in two lists; remove one, or use both '
        'lists on one side of a split',
    ),
    'full mask': ('warning', 'correct only for a generated image'),
    'mask may be inverted': ('warning', 'look at it; white must be forged'),
    'mask may be flipped': ('warning', 'look at it; the named transform fits better'),
    'non-binary mask': (
        'warning',
        'grey pixels count as forged above half of the range; save masks as 0 and 255 '
        'in a lossless format',
    ),
    'duplicate': ('warning', 'the same image twice in a list counts twice'),
    'near-duplicate of another source': (
        'warning',
        'the list names different source photographs for similar images; a split by '
        'source would separate them',
    ),
    'shared source photographs': (
        'warning',
        'images of two lists have the same source photographs; split by source, or '
        'report it with the scores',
    ),
    'near-duplicate': (
        'note',
        'normal among versions of one photograph; split lists by source',
    ),
}


@dataclass(frozen=True)
class Defect:
    """One defect.

    Attributes:
        kind: A key of ``KINDS``.
        where: Name of the list.
        detail: Values or files at fault.
        image: The image's path; '' for a defect of the list.
        mask: The mask's path, if there is one.
        other: The other image of a pair.
    """

    kind: str
    where: str
    detail: str
    image: str = ''
    mask: str | None = None
    other: str | None = None

    @property
    def severity(self) -> str:
        """One of ``SEVERITIES``."""
        return KINDS[self.kind][0]
