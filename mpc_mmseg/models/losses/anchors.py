"""Which class's pixels are the anchors."""

from mmseg.registry import MODELS

from .pixel_samplers import PixelSet
from .views import ImageSources


def exchanged(pixels: PixelSet) -> PixelSet:
    """The set with its classes exchanged."""
    return PixelSet(authentic=pixels.forged, forged=pixels.authentic)


@MODELS.register_module()
class AuthenticAnchors:
    """Authentic pixels are queries, forged ones negatives (MPC, IEEE TIFS 2025).

    The one to start with. Forged pixels are pushed away but not drawn together:
    two regions forged by different means may stay different.
    """

    def roles(self, sources: ImageSources) -> list[ImageSources]:
        """The sources once for each class that plays the queries."""
        return [sources]


@MODELS.register_module()
class SymmetricAnchors:
    """Either class in turn is queries and the other negatives; their mean.

    For forgeries of one kind (one generator, one removal tool), whose pixels should
    be alike, and for masks of which half is forged. Costs twice as much.
    """

    def roles(self, sources: ImageSources) -> list[ImageSources]:
        """The sources as they are, and with the classes exchanged."""
        return [
            sources,
            ImageSources(
                finest=exchanged(sources.finest),
                coarser=sources.coarser and exchanged(sources.coarser),
                second=sources.second and exchanged(sources.second),
                memory=sources.memory and exchanged(sources.memory),
            ),
        ]
