"""The page of a data check, with pictures of the defects."""

from mpc_mmseg.datasets.check.defect import KINDS, Defect
from mpc_mmseg.datasets.check.result import Result
from mpc_mmseg.datasets.io.image_io import ImageReadError, read_image, read_mask

from .pages import render
from .pictures import Picture, jpeg_picture, outline, png_picture


def check_page(result: Result, title: str, max_pictures: int = 200) -> str:
    """Writes the page.

    Args:
        result: Result of the check.
        title: The heading.
        max_pictures: Defects of a kind that are shown; the rest is counted.

    Returns:
        HTML that needs no other file.
    """
    groups = []
    for kind, (severity, advice) in KINDS.items():
        own = [each for each in result.defects if each.kind == kind]
        if own:
            rows = [(each, _pictures(each)) for each in own[:max_pictures]]
            groups.append(
                dict(kind=kind, severity=severity, advice=advice, n=len(own), rows=rows)
            )
    return render(
        'check.html',
        title=title,
        verdict=result.verdict,
        lists=result.statistics,
        groups=groups,
    )


def _pictures(defect: Defect) -> dict[str, Picture]:
    """The readable ones of the image, its mask, both together, and the other image."""
    found: dict[str, Picture] = {}
    image = mask = None
    try:
        if defect.image:
            image = read_image(defect.image)
            found['image'] = jpeg_picture(image)
        if defect.mask is not None and defect.other is None:
            mask = read_mask(defect.mask)
            found['mask'] = png_picture(mask)
    except ImageReadError:
        return found  # the defect itself
    if image is not None and mask is not None and mask.shape == image.shape[:2]:
        found['outline of the mask'] = jpeg_picture(outline(image, mask))
    if defect.other is not None:
        found['the other image'] = jpeg_picture(read_image(defect.other))
    return found
