"""The published augmentation list as a pipeline, from files to packed inputs."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmseg.registry import TRANSFORMS

CONFIG = Path(__file__).parents[3] / 'configs/_base_/datasets/folders_augmented.py'


@pytest.fixture
def steps():
    return Config.fromfile(CONFIG).train_dataloader.dataset.pipeline


def run(pipeline, folder, count=12):
    packed = []
    for i in range(count):
        np.random.seed(i)
        name = i % 6
        data = pipeline(
            {
                'img_path': str(folder / f'images/{name}.png'),
                'seg_map_path': str(folder / f'masks/{name}.png'),
                'seg_fields': [],
            }
        )
        packed.append((data['inputs'], data['data_samples'].gt_sem_seg.data))
    return packed


def test_inputs_have_the_networks_size_and_repeat_with_numpys_seed(
    steps, forgery_folder
):
    pipeline = Compose([TRANSFORMS.build(step) for step in steps])
    first, again = (run(pipeline, forgery_folder) for _ in range(2))
    for (image, mask), (image2, mask2) in zip(first, again):
        assert image.shape == (3, 512, 512) and image.dtype == torch.uint8
        assert mask.shape == (1, 512, 512) and set(mask.unique().tolist()) <= {
            0, 1, 255,
        }  # fmt: skip
        assert torch.equal(image, image2) and torch.equal(mask, mask2)
    assert len({image.sum().item() for image, _ in first[::6]}) == 2


def test_a_run_repeats_its_samples_whatever_the_workers_and_resumes(
    steps, forgery_folder, phase_samples
):
    dataset = dict(
        type='ForgeryDataset',
        data_root=str(forgery_folder),
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        pipeline=steps,
    )
    complete = phase_samples(dataset, count=12)
    assert len(set(complete)) > 8  # six images; few draws change nothing
    assert phase_samples(dataset, count=12, workers=2) == complete
    for workers in (0, 2):
        assert phase_samples(dataset, count=6, skip=6, workers=workers) == complete[6:]
    assert phase_samples(dataset, count=6, phase='localize') != complete[:6]


def test_shares_are_the_published_ones(steps, monkeypatch):
    """Count which steps change 4,000 samples, without changing pixels."""
    counts: Counter = Counter()
    augment = TRANSFORMS.build(steps[2])

    def watch(step):
        if hasattr(step, 'transforms'):
            inner = step.transforms
            for each in inner if isinstance(inner, list) else [inner]:
                watch(each)
        else:
            name = type(step).__name__
            step.transform = lambda results: counts.update([name]) or results

    watch(augment)
    np.random.seed(0)
    for _ in range(4000):
        augment({'img': None})
    share = {name: count / 4000 for name, count in counts.items()}
    for name in ('RandomDownscale', 'RandomDihedral', 'RandomJPEG'):
        assert share[name] == pytest.approx(0.75 * 0.75, abs=0.025)
    groups = [
        ('RandomBlur',),
        ('RandomResample', 'RandomGaussianNoise', 'RandomISONoise',
         'RandomBrightnessContrast', 'RandomGamma', 'RandomToneCurve',
         'RandomSharpen'),
        ('RandomElastic', 'RandomGridDistortion'),
    ]  # fmt: skip
    for group in groups:
        total = sum(share[name] for name in group)
        assert total == pytest.approx(0.75 * 0.25 / 3, abs=0.015)
        assert all(share[name] > 0.5 * total / len(group) for name in group)
