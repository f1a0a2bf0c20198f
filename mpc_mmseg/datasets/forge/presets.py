"""Named recipes."""

from dataclasses import replace

from .recipe import ForgeRecipe, HistoryRanges

_SUBTLE = HistoryRanges(
    blur_probability=0.2,
    noise_sigma=(0.0, 4.0),
    resample_probability=0.2,
    jpeg_quality=(60, 98),
    jpeg_probability=0.7,
)
# Mostly as the camera wrote it.
_FAITHFUL = HistoryRanges(
    blur_probability=0.05,
    noise_sigma=(0.5, 4.0),
    noise_probability=0.1,
    scale=(0.5, 0.95),
    resample_probability=0.1,
    jpeg_quality=(65, 98),
    jpeg_probability=0.3,
    full_chroma_probability=0.2,
)

PRESETS = {
    # A noisy photograph with clean parts: easy enough for a small network to learn
    # within minutes, and still plausible to a person.
    'demo': ForgeRecipe(
        area_range=(0.05, 0.3),
        removal_area_range=(0.05, 0.15),
        background=HistoryRanges(
            noise_sigma=(6.0, 10.0),
            poisson_probability=0.3,
            jpeg_quality=(90, 98),
            jpeg_probability=0.3,
        ),
        part=HistoryRanges(
            blur_sigma=(0.5, 0.9),
            blur_probability=0.6,
            noise_sigma=(0.0, 1.0),
            jpeg_quality=(50, 75),
            jpeg_probability=0.6,
        ),
        authentic_part_share=0.25,
        final_jpeg_quality=(92, 98),
        final_jpeg_probability=0.25,
    ),
    # Background and part have similar histories: only their difference is a trace.
    'natural': ForgeRecipe(
        background=replace(_SUBTLE, noise_sigma=(0.5, 4.0), jpeg_quality=(70, 98)),
        part=replace(_SUBTLE, blur_probability=0.3, resample_probability=0.3),
        final_jpeg_quality=(80, 98),
        final_jpeg_probability=0.5,
    ),
    # For training on the fly: as 'natural', with all kinds that need no AI-generated
    # pictures, and more ways of blending and compression.
    'varied': ForgeRecipe(
        kinds=('splice', 'copy_move', 'removal', 'enhancement', 'text'),
        area_range=(0.005, 0.15),
        removal_area_range=(0.005, 0.08),
        scale_range=(0.6, 1.4),
        rotation_range=(-30.0, 30.0),
        colour_strength_range=(0.4, 0.9),
        places=0,
        poisson_probability=0.3,
        healing_probability=0.8,
        superpixel_probability=0.4,
        background=_SUBTLE,
        part=replace(_SUBTLE, blur_probability=0.3, resample_probability=0.4),
        final_jpeg_quality=(70, 98),
        final_jpeg_probability=0.6,
        double_jpeg_probability=0.3,
    ),
    # For photographs that keep the traces of their cameras: most are forged as the
    # camera wrote them, and compressed once or twice more. Few positions are compared:
    # comparing all takes a third of the time.
    'realistic': ForgeRecipe(
        kinds=('splice', 'splice', 'copy_move', 'removal', 'text'),
        area_range=(0.005, 0.2),
        removal_area_range=(0.005, 0.1),
        scale_range=(0.6, 1.4),
        rotation_range=(-30.0, 30.0),
        feather_range=(0.0, 2.5),
        colour_strength_range=(0.2, 0.9),
        places=6,
        poisson_probability=0.2,
        healing_probability=0.7,
        superpixel_probability=0.4,
        background=_FAITHFUL,
        part=replace(
            _FAITHFUL,
            blur_probability=0.15,
            scale=(0.5, 1.5),
            resample_probability=0.3,
            jpeg_quality=(60, 98),
            jpeg_probability=0.5,
        ),
        authentic_part_share=0.25,
        final_jpeg_quality=(65, 98),
        final_jpeg_probability=0.75,
        double_jpeg_probability=0.2,
        final_full_chroma_probability=0.3,
    ),
}
