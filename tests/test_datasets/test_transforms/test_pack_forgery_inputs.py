import numpy as np
from mmseg.registry import TRANSFORMS


def test_metainfo_of_the_metric_is_kept():
    pack = TRANSFORMS.build({'type': 'PackForgeryInputs'})
    packed = pack(
        {
            'img': np.zeros((4, 6, 3), np.uint8),
            'gt_seg_map': np.ones((4, 6), np.uint8),
            'img_path': 'a.jpg',
            'seg_map_path': None,
            'ori_shape': (4, 6),
            'dataset_name': 'casia1',
            'forged': False,
            'sample_idx': 3,
            'unknown': 1,
        }
    )
    assert packed['inputs'].shape == (3, 4, 6)
    assert packed['data_samples'].gt_sem_seg.data.shape == (1, 4, 6)
    assert packed['data_samples'].metainfo == {
        'img_path': 'a.jpg',
        'seg_map_path': None,
        'ori_shape': (4, 6),
        'dataset_name': 'casia1',
        'forged': False,
        'sample_idx': 3,
    }


def test_meta_keys_can_be_chosen():
    pack = TRANSFORMS.build({'type': 'PackForgeryInputs', 'meta_keys': ['forged']})
    packed = pack({'img': np.zeros((4, 6, 3), np.uint8), 'forged': True, 'b': 1})
    assert packed['data_samples'].metainfo == {'forged': True}
