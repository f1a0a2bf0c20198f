"""Images whose edges lie on the outlines of their masks."""

import cv2
import numpy as np
import pytest


@pytest.fixture
def scene():
    """Draws a photograph with a patch, and the patch's mask, from a seed."""

    def draw(seed, size=(96, 144)):
        rng = np.random.default_rng(seed)
        height, width = size
        coarse = rng.uniform(60, 200, (3, 4, 3)).astype(np.float32)
        image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        mask = np.zeros(size, np.uint8)
        top, left = rng.integers(4, height // 4), rng.integers(4, width // 4)
        bottom, right = top + height // 4, left + width // 4
        mask[top:bottom, left:right] = 255
        image += rng.normal(0, 8, image.shape)
        image[mask > 0] = (image[mask > 0] + 128) % 256
        return image.clip(0, 255).astype(np.uint8), mask

    return draw
