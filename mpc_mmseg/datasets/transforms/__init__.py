"""Pipeline steps, registered in mmseg's TRANSFORMS.

Like mmcv's, random ones draw from numpy's global generator only, so that its seed
reproduces a sample.
"""

from . import (  # noqa: F401 - they register their classes
    loading,
    pack_forgery_inputs,
    post_process,
    random_degradation,
    random_geometry,
    random_tone,
)
