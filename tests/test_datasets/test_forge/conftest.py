import cv2
import numpy as np
import pytest


def _scene(seed: int, size: tuple[int, int] = (128, 160)) -> np.ndarray:
    """A smooth coloured ground with a few discs on it; every pixel is in 40..215."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(60, 190, (4, 5, 3)).astype(np.float32)
    image = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_LINEAR)
    for _ in range(12):
        centre = rng.integers(0, size[::-1]).tolist()
        colour = rng.uniform(40, 215, 3).tolist()
        cv2.circle(image, centre, int(rng.integers(6, 22)), colour, cv2.FILLED)
    return np.rint(image).astype(np.uint8)


@pytest.fixture
def scene():
    return _scene


@pytest.fixture
def photographs(tmp_path):
    """A folder of four photographs, one grey, one in a sub-folder."""
    folder = tmp_path / 'photographs'
    (folder / 'more').mkdir(parents=True)
    for name, seed in (('a.png', 1), ('b.jpg', 2), ('more/c.png', 3)):
        cv2.imwrite(str(folder / name), _scene(seed))
    grey = cv2.cvtColor(_scene(4), cv2.COLOR_BGR2GRAY)
    cv2.imwrite(str(folder / 'grey.png'), grey)
    (folder / 'README.txt').write_text('not a photograph')
    return folder
