import numpy as np
import pytest

from mpc_mmseg.datasets.forge import ForgeRecipe
from mpc_mmseg.datasets.forge.enhance import (
    EFFECTS,
    LEAST_CHANGE,
    apply_effect,
    enhance,
)


def test_only_the_part_changes_and_it_does(scene):
    seen = set()
    for seed in range(20):
        image = scene(seed)
        forged, mask, drawn = enhance(
            image,
            np.random.default_rng(seed),
            ForgeRecipe(area_range=(0.05, 0.2), feather_range=(0.0, 0.0)),
        )
        change = np.abs(forged.astype(int) - image).sum(axis=2)
        assert not change[mask == 0].any()
        assert change[mask > 0].mean() / 3 >= LEAST_CHANGE - 0.5
        assert 0.05 <= mask.mean() <= 0.2
        seen.add(drawn['effect'])
    assert len(seen) >= 4


@pytest.mark.parametrize('effect', EFFECTS)
def test_effects_keep_kind_and_range(scene, effect):
    image = scene(0)
    for strength in (-1, 1):
        changed = apply_effect(image, effect, strength)
        assert changed.dtype == np.uint8 and changed.shape == image.shape
        assert not np.array_equal(changed, image)


def test_effects_by_hand():
    image = np.full((4, 4, 3), 100, np.uint8)
    assert (apply_effect(image, 'light', 0.5) == 114).all()
    assert apply_effect(image, 'colour', 1)[0, 0].tolist() == [78, 100, 122]
    assert (apply_effect(image, 'contrast', 1) == 100).all()


def test_an_image_that_cannot_change():
    black = np.zeros((64, 64, 3), np.uint8)

    class Blurs(np.random.Generator):
        def choice(self, options, *args):
            return 'blur' if options is EFFECTS else super().choice(options, *args)

    rng = Blurs(np.random.PCG64(0))
    with pytest.raises(ValueError, match='no effect'):
        enhance(black, rng, ForgeRecipe(area_range=(0.05, 0.2)))
