"""The models that come with the checkout."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mpc_mmseg.apis import ForgeryInferencer
from mpc_mmseg.apis.zoo.zoo import FILE, parse_index

ZOO = Path(__file__).parents[3] / 'zoo'
MODELS = parse_index((ZOO / FILE).read_bytes(), FILE)


@pytest.fixture(autouse=True)
def own_zoo(monkeypatch):
    monkeypatch.delenv('MPC_ZOO', raising=False)


@pytest.mark.parametrize('name', MODELS)
def test_a_model_is_small_and_its_card_is_filled_in(name):
    assert (ZOO / MODELS[name].file).stat().st_size < 12e6
    card = (ZOO / MODELS[name].card).read_text()
    template = (ZOO / 'template/card.md').read_text()
    for line in template.splitlines():
        assert not line.startswith('## ') or line in card, f'{name} lacks {line!r}'
    assert '<!--' not in card and 'NAME' not in card


def test_the_models_together_are_small_and_each_file_is_of_one():
    files = {path.name: path.stat().st_size for path in ZOO.glob('*.pth')}
    assert set(files) == {entry.file for entry in MODELS.values()}
    assert sum(files.values()) < 30e6


def test_the_readme_uses_models_of_the_zoo():
    readme = (ZOO.parent / 'README.md').read_text()
    used = re.findall(r'--model (\S+)', readme)
    assert used and set(used) <= set(MODELS)
    for name in MODELS:
        assert f'(zoo/{MODELS[name].card})' in readme


def spliced_jpeg(folder):
    """A photograph saved at quality 60, a fresh part set in, saved at 95; its mask."""
    skimage = pytest.importorskip('skimage.data')
    scene = cv2.cvtColor(skimage.chelsea(), cv2.COLOR_RGB2BGR)
    file = folder / 'spliced.jpg'
    cv2.imwrite(str(file), scene, [cv2.IMWRITE_JPEG_QUALITY, 60])
    image = cv2.imread(str(file))
    mask = np.zeros(image.shape[:2], bool)
    mask[90:210, 150:300] = True
    image[mask] = cv2.cvtColor(skimage.coffee(), cv2.COLOR_RGB2BGR)[
        : len(mask), : mask.shape[1]
    ][mask]
    cv2.imwrite(str(file), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    return file, mask


@pytest.mark.parametrize('name', MODELS)
def test_a_model_is_found_by_name_and_finds_a_splice(name, tmp_path):
    file, mask = spliced_jpeg(tmp_path)
    [found] = ForgeryInferencer(name)(file)
    assert found.prob.shape == mask.shape
    assert roc_auc_score(mask.ravel(), found.prob.ravel()) > 0.7
