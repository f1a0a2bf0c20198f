"""The defects that a data set can have: their severity, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

#: Severity -> kind -> what to do. An error fails the check; a warning needs a look; a
#: note is normal in some data sets.
_ADVICE = {
    'error': {
        'missing file': 'correct the list, or add the file',
        'unpaired file': 'give each forged image one mask of the same name',
        'listed twice': 'keep one line; to weight images, repeat them by a tag',
        'zero-size file': 'fetch it again; it has no content',
        'unreadable file': 'fetch or export it again, or remove it',
        'truncated file': 'fetch it again; its end is missing or damaged',
        'damaged file': 'fetch or export it again; a part of it is not the photograph',
        'mask of another size': 'turn or resize the one that was changed',
        'unknown mask coding': "declare what the levels mean by mask_coding='nonzero', "
        "'0/1/255' or another, or code forged pixels as 255",
        'mixed mask codings': 'one data set has one coding: code all masks alike, or '
        'split the list and declare mask_coding for each part',
        'faint mask': 'a JPEG whose levels are compression noise, such as a mask of 0 '
        'and 1 gives; export the mask again as a PNG of 0 and 255',
        'empty mask': 'a forged image without a forged pixel: correct its mask; only '
        'if nothing in the image was forged, list it as authentic',
        'masks flipped': 'most outlines lie on edges of their images only after the '
        'named transform; apply it to all masks, and check again',
        'contradicting duplicates': 'the same image has two ground truths; keep the '
        'right one',
        'duplicate between lists': 'the same image is in two lists: scores on one are '
        'meaningless after training on the other; remove it from one',
        'near-duplicate between lists': 'two versions of one photograph are in two '
        'lists; remove one, or use both lists on one side of a split',
    },
    'warning': {
        'full mask': 'correct only for a generated image',
        'mask may be inverted': 'look at it; white must be forged',
        'mask may be flipped': 'look at it; the named transform fits better',
        'non-binary mask': 'grey pixels count as forged above half of the range; save '
        'masks as 0 and 255 in a lossless format',
        'duplicate': 'the same image twice in a list counts twice',
        'near-duplicate of another source': 'the list names different source '
        'photographs for similar images; a split by source would separate them',
        'shared source photographs': 'images of two lists have the same source '
        'photographs; split by source, or report it with the scores',
    },
    'note': {
        'near-duplicate': 'normal among versions of one photograph; split lists by '
        'source',
    },
}
SEVERITIES = tuple(_ADVICE)
#: Kind -> its severity, and what to do.
KINDS = {
    kind: (severity, advice)
    for severity, kinds in _ADVICE.items()
    for kind, advice in kinds.items()
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
