import numpy as np
import pytest

from mpc_mmseg.datasets import ForgeryDataset
from mpc_mmseg.datasets.layouts import LAYOUTS, TAGS, build_layout, index_files
from mpc_mmseg.datasets.layouts.conversion import convert
from mpc_mmseg.datasets.lists.list_file import write_list

OPTIONS = {'table': {'csv': 'pairs.csv'}}
#: Layout -> tags and sources of its forged images, in the order of their paths.
EXPECTED = {
    'autosplice': [('ai,splice', 'autosplice/12')] * 2,
    'casia_v1': [
        ('copy-move', 'casia_v1/pla0016'),
        ('splice', 'casia_v1/pla0005,casia_v1/pla0023'),
    ],
    'casia_v2': [
        ('splice', 'casia_v2/ani00018,casia_v2/sec00096'),
        ('splice', 'casia_v2/cha10001,casia_v2/cha10002'),
    ],
    'cocoglide': [('ai', 'coco/000000114871'), ('ai', 'coco/000000049269')],
    'columbia': [
        ('splice', 'columbia/canong3_nikond70_sub_01'),
        ('splice', 'columbia/canonxt_kodakdcs330_sub_02'),
    ],
    'coverage': [('copy-move', 'coverage/1'), ('copy-move', 'coverage/2')],
    'defacto': [('splice', 'coco/000000195755')] * 2,
    'dso1': [('splice', 'dso1/splicing-01'), ('splice', 'dso1/splicing-02')],
    'faceforensics': [
        ('ai', 'faceforensics/000,faceforensics/003'),
        ('splice', 'faceforensics/000,faceforensics/003'),
    ],
    'folders': [('', 'a'), ('', 'b/c')],
    'imd2020': [('', 'imd2020/1a1ogs')] * 2,
    'in_the_wild': [('splice', 'in_the_wild/2251'), ('splice', 'in_the_wild/2508')],
    'korus': [('', 'korus/canon_60d/dpp0012'), ('', 'raise/r36610622t')],
    'misd': [('splice', 'misd/ani1,misd/art2')],
    'nist16': [
        ('splice', 'nist16/nc2016_77'),
        ('copy-move', 'nist16/nc2016_77'),
        ('removal', 'nist16/nc2016_77'),
    ],
    'openforensics': [('ai', 'openimages/9c541c578f')],
    'table': [('', '')],
    'tampcoco': [('copy-move', 'coco/000000190150')] * 2
    + [('splice', 'coco/000000190150')],
}


@pytest.mark.parametrize('name', [name for name in LAYOUTS if name != 'compraise'])
def test_a_list_gives_the_ground_truth(name, miniature, tmp_path):
    data_set = miniature(name)
    layout = build_layout(name, OPTIONS.get(name))
    masks_to = data_set.root / 'decoded_masks'
    done = convert(layout, data_set.root, masks_to, part='all', workers=2)
    write_list(tmp_path / 'list.txt', done.entries)
    dataset = ForgeryDataset(
        ann_file=str(tmp_path / 'list.txt'),
        data_root=str(data_set.root),
        pipeline=[dict(type='LoadForgeryImage'), dict(type='LoadForgeryMask')],
    )
    seen = {}
    for sample in dataset:
        path = sample['img_path'].removeprefix(f'{data_set.root}/')
        seen[path] = sample['gt_seg_map']
    assert {
        path for path, mask in seen.items() if mask.any()
    } == data_set.ground_truth.keys()
    for path, mask in data_set.ground_truth.items():
        np.testing.assert_array_equal(seen[path], mask, err_msg=path)
    assert len(seen) == sum(done.counts.values()) > len(data_set.ground_truth) - 1

    found = [
        (','.join(entry.tags[1:]), ','.join(entry.groups))
        for entry in done.entries
        if entry.mask
    ]
    assert found == EXPECTED[name]
    assert all(entry.tags[0] == name for entry in done.entries)
    assert {tag for entry in done.entries for tag in entry.tags[1:]} <= set(TAGS)
    assert not done.missing  # what is not complete in a miniature is its numbers
    again = convert(layout, data_set.root, masks_to, part='all')
    assert again.entries == done.entries


def test_korus_without_collateral_damage(miniature):
    data_set = miniature('korus')
    layout = build_layout('korus', {'collateral': 'authentic'})
    found = layout.find(data_set.root, index_files(data_set.root))
    for sample in found.samples:
        if sample.forged:
            mask = sample.draw(data_set.root)
            ground_truth = data_set.ground_truth[sample.image].copy()
            assert ground_truth[:, 10].any()
            ground_truth[:, 10] = 0
            np.testing.assert_array_equal(mask, ground_truth)


def test_compraise_is_authentic(tmp_path):
    (tmp_path / 'r000da54ft_Q61_r1ac8f1bct_Q98.jpg').write_bytes(b'')
    layout = build_layout('compraise')
    (sample,) = layout.find(tmp_path, index_files(tmp_path)).samples
    assert not sample.forged
    assert sample.sources == ('raise/r000da54ft', 'raise/r1ac8f1bct')


@pytest.mark.parametrize(
    ('name', 'options', 'message'),
    [
        ('casia', {}, 'casia_v1'),
        ('korus', {'grey': 1}, 'collateral'),
        ('korus', {'collateral': 'ignored'}, "'ignored'"),
        ('autosplice', {'quality': 80}, '80'),
        ('defacto', {'kind': 'face'}, "'face'"),
        ('faceforensics', {'compression': 'c0'}, "'c0'"),
        ('openforensics', {'split': 'Test'}, "'Test'"),
        ('tampcoco', {'lists': 'xm'}, 'xm'),
        ('folders', {'coding': 'red'}, "'red'"),
        ('table', {}, 'csv'),
    ],
)
def test_bad_options_are_named(name, options, message):
    with pytest.raises(ValueError, match=message):
        build_layout(name, options)
