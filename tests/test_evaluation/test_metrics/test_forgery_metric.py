import csv
import hashlib
import json
import os
import subprocess
import sys
from datetime import timedelta

import numpy as np
import pytest
import torch
import torch.distributed as dist
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.registry import METRICS
from mmseg.structures import SegDataSample
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from mpc_mmseg.evaluation.metrics.forgery_metric import ForgeryMetric
from mpc_mmseg.evaluation.results.results_file import read_results


def make_samples(n, dataset='casia', n_authentic=0, seed=0):
    """Data samples of mixed sizes with maps that know a little."""
    generator = torch.Generator().manual_seed(seed)
    samples = []
    for i in range(n + n_authentic):
        forged = i < n
        shape = (1, 20 + i, 31)
        gt = (torch.rand(shape, generator=generator) < 0.3 * forged).long()
        prob = torch.rand(shape, generator=generator) * 0.7 + 0.3 * gt
        sample = SegDataSample(
            metainfo={
                'img_path': f'{dataset}/{i}.png',
                'seg_map_path': f'{dataset}/masks/{i}.png' if forged else None,
                'dataset_name': dataset,
                'forged': forged,
                'sample_idx': i,
            }
        )
        sample.gt_sem_seg = PixelData(data=gt)
        sample.forgery_prob = PixelData(data=prob)
        samples.append(sample)
    return samples


def evaluate(samples, batch_size=3, **options):
    evaluator = Evaluator([METRICS.build(dict(type='ForgeryMetric', **options))])
    for start in range(0, len(samples), batch_size):
        evaluator.process(samples[start : start + batch_size])
    return evaluator.evaluate(len(samples))


def pixels(samples):
    gt = torch.cat([s.gt_sem_seg.data.flatten() for s in samples]).numpy()
    prob = torch.cat([s.forgery_prob.data.flatten() for s in samples]).numpy()
    return gt, prob


def test_scores_of_two_data_sets_in_mixed_batches():
    a, b = make_samples(5, 'a', n_authentic=3), make_samples(3, 'b', seed=1)
    mixed = [a[0], b[0], a[6], a[1], a[7], b[1], *a[2:6], b[2]]
    scores = evaluate(mixed)
    each = [pixels([sample]) for sample in a[:5]]
    f1s = [f1_score(gt, prob > 127 / 255) for gt, prob in each]
    assert scores['a/F1'] == pytest.approx(np.mean(f1s), abs=1e-9)
    gt, prob = pixels(a[:5])
    assert scores['a/pooled_AP'] == pytest.approx(
        average_precision_score(gt, prob), abs=1e-3
    )
    assert scores['a/pooled_AUC'] == pytest.approx(roc_auc_score(gt, prob), abs=1e-3)
    best = max(f1_score(gt, prob > t) for t in np.linspace(0.2, 0.8, 61))
    assert scores['a/best_F1'] == pytest.approx(best, abs=5e-3)
    image_scores = [s.forgery_prob.data.max().item() for s in a]
    assert scores['a/image_AUC'] == roc_auc_score([1] * 5 + [0] * 3, image_scores)
    areas = [float((s.forgery_prob.data > 0.5).float().mean()) for s in a[5:]]
    assert scores['a/false_alarm_area'] == pytest.approx(np.mean(areas))
    assert 'b/image_AUC' not in scores
    expected = np.mean([scores[f'{d}/{s}'] for d in 'ab' for s in ('F1', 'IoU')])
    assert scores['mean/score'] == pytest.approx(expected)
    # Neither the order nor the batches matter.
    assert evaluate(a + b, batch_size=1) == pytest.approx(scores)


def test_a_second_evaluation_starts_afresh():
    evaluator = Evaluator([ForgeryMetric()])
    first, second = make_samples(4, 'a'), make_samples(2, 'a', seed=5)
    evaluator.process(first)
    evaluator.evaluate(4)
    evaluator.process(second)
    assert evaluator.evaluate(2) == evaluate(second)


def test_memory_does_not_grow_with_images():
    metric = ForgeryMetric()
    samples = [s.to_dict() for s in make_samples(6, 'a') + make_samples(6, 'b')]
    metric.process(None, samples)
    kept = [r for r in metric.results if r.histogram is not None]
    assert len(metric.results) == 12
    # The first of each data set, and the last.
    assert len(kept) == 3 and kept[-1] is metric.results[-1]


def test_forged_follows_from_the_truth_where_nobody_says():
    samples = make_samples(2, n_authentic=1)
    expected = evaluate(samples)
    for sample in samples:
        del sample.forged
    assert evaluate(samples) == expected


def test_a_forged_sample_without_a_forged_pixel_is_named():
    samples = make_samples(2)
    samples[1].gt_sem_seg.data[:] = 0
    with pytest.raises(ValueError, match=r'casia/1\.png: the ground truth of a forged'):
        evaluate(samples)
    samples[1].set_metainfo({'allow_empty_truth': True})
    assert 'casia/F1' in evaluate(samples)


def test_options_change_what_they_say():
    samples = make_samples(3, n_authentic=2)
    default = evaluate(samples)
    strict = evaluate(samples, threshold=0.69)
    assert strict['casia/false_alarm_area'] < default['casia/false_alarm_area']
    # One wild pixel decides the maximum.
    samples[3].forgery_prob.data[0, 0, 0] = 1
    samples[4].forgery_prob.data[0, 0, 0] = 1
    assert evaluate(samples)['casia/image_AUC'] == 0
    assert set(evaluate(samples, prefix='val')) == {f'val/{k}' for k in default}


@pytest.mark.parametrize(
    'option',
    [
        {'threshold': -0.1},
        {'n_resamples': -1},
        {'conventions': 'truefor'},
    ],
)
def test_bad_arguments_are_named(option):
    [(name, value)] = option.items()
    with pytest.raises(ValueError, match=f'{name}.*{value}'):
        METRICS.build(dict(type='ForgeryMetric', **option))


def test_per_image_file(tmp_path):
    file = tmp_path / 'new' / 'images.jsonl'
    samples = make_samples(2, n_authentic=1)
    scores = evaluate(samples, per_image_file=str(file))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line['img_path'] for line in lines] == [s.img_path for s in samples]
    assert [line['forged'] for line in lines] == [True, True, False]
    assert np.mean([line['F1'] for line in lines[:2]]) == scores['casia/F1']
    assert np.mean([line['IoU'] for line in lines[:2]]) == scores['casia/IoU']
    assert lines[0]['seg_map_path'] == 'casia/masks/0.png'
    assert lines[2]['seg_map_path'] is None
    assert [line['sample_idx'] for line in lines] == [0, 1, 2]
    assert lines[2]['fp'] + lines[2]['tn'] == 22 * 31 and 'F1' not in lines[2]
    assert lines[0]['image_score'] == samples[0].forgery_prob.data.max().item()
    assert os.listdir(file.parent) == ['images.jsonl']


def test_all_conventions_and_a_file_of_results(tmp_path):
    files = [str(tmp_path / name) for name in ('results.json', 'images.csv')]
    samples = make_samples(6, 'a', n_authentic=4) + make_samples(3, 'b', seed=1)
    paths = []
    for i, sample in enumerate(samples[:2]):
        paths.append(tmp_path / f'{i}.png')
        paths[i].write_bytes(b'file %d' % i)
        sample.set_metainfo({'img_path': str(paths[i]), 'tags': ['splice', 'web']})
    options = dict(conventions='all', n_resamples=200)
    scores = evaluate(
        samples, results_file=files[0], per_image_file=files[1], **options
    )
    assert scores['a/mpc.F1'] == pytest.approx(scores['a/F1'], abs=1e-12)
    # All but MPC's are of a threshold of a half, not of 127 of 255.
    f1 = scores['a/native.F1']
    assert f1 != scores['a/F1'] and f1 == pytest.approx(scores['a/F1'], abs=2e-3)
    assert scores['a/imdl-benco.F1'] == pytest.approx(f1 * 6 / 10)
    assert scores['a/image.AUC'] == pytest.approx(scores['a/image_AUC'])
    area = scores['a/false_alarm_area']
    assert scores['a/native.false_alarm_area'] == pytest.approx(area)
    assert 'b/image.AUC' not in scores and 'b/mvss.image_F1' not in scores
    # What was there is as it was.
    plain = evaluate(samples)
    assert {k: scores[k] for k in plain} == plain
    result = read_results(files[0])
    assert set(result['conventions']) == {
        'focal', 'imdl-benco', 'mpc', 'mvss', 'native', 'trufor'
    }  # fmt: skip
    of_a = result['datasets']['a']
    assert (of_a['n_images'], of_a['n_forged'], of_a['n_groups']) == (10, 6, 10)
    f1 = of_a['scores']['mpc.F1']
    assert f1['low'] < f1['value'] < f1['high'] and f1['n'] == 6
    assert of_a['scores']['pooled_AP']['low'] is None
    # What comes from a histogram says between which values the exact one lies.
    y_and_p = [pixels([sample]) for sample in samples[:6]]
    for name, of_image in (
        ('native.AP', average_precision_score),
        ('native.AUC', roc_auc_score),
    ):
        low, high = of_a['scores'][name]['bounds']
        exact = np.mean([of_image(*pair) for pair in y_and_p])
        assert low - 1e-12 <= exact <= high + 1e-12 and high - low < 1e-3
    low, high = of_a['scores']['pooled_AUC']['bounds']
    assert low <= roc_auc_score(*pixels(samples[:6])) <= high
    assert 'bounds' not in of_a['scores']['mpc.F1']
    first = result['images'][0]
    assert first['image_hash'] == hashlib.sha256(b'file 0').hexdigest()[:32]
    assert (first['height'], first['width']) == (20, 31)
    assert first['forged_area'] == (first['tp'] + first['fn']) / 620
    assert first['scores']['mpc.F1'] == first['F1']
    with open(files[1], encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 13 and rows[0]['tags'] == 'splice;web'
    assert float(rows[0]['native.AP']) == first['scores']['native.AP']
    assert rows[6]['mpc.F1'] == '' and rows[0]['mpc.F1'] != ''
    # The same list again has the same hash, another truth another one.
    samples[0].gt_sem_seg.data[0, 0, 0] ^= 1
    evaluate(samples, results_file=files[1], **options)
    other = read_results(files[1])
    assert other['list_hash'] != result['list_hash']
    assert other['datasets']['b'] == result['datasets']['b']


def test_images_of_one_source_are_drawn_together(tmp_path):
    samples = make_samples(4)
    for i, sample in enumerate(samples):
        sample.set_metainfo({'img_path': f'Tp_{"ani"[: 1 + i // 2]}00012_{i}.png'})
    file = tmp_path / 'r.json'
    evaluate(samples, results_file=file, source_pattern='Tp_([a-z]+)', n_resamples=10)
    assert read_results(file)['datasets']['casia']['n_groups'] == 2


def test_what_a_list_says_of_sources_and_tags_is_used(tmp_path):
    samples = make_samples(5)
    for sample, groups in zip(samples, (('p', 'q'), ('q', 'r'), ('r',), ('s',), ())):
        sample.set_metainfo({'source_groups': groups, 'tags': ('splice',)})
    file = tmp_path / 'r.json'
    evaluate(samples, results_file=file, n_resamples=10)
    result = read_results(file)
    assert result['datasets']['casia']['n_groups'] == 3
    assert [i['source'] for i in result['images']] == ['p', 'p', 'p', 's', None]
    assert result['images'][0]['tags'] == ['splice']


def test_an_image_twice_and_no_image_at_all(tmp_path):
    samples = make_samples(3)
    samples[2].set_metainfo({'img_path': samples[0].img_path})
    with pytest.raises(ValueError, match=r"'casia'.*twice: casia/0\.png"):
        evaluate(samples)
    assert evaluate(samples, allow_duplicates=True)['casia/F1'] > 0
    for i, sample in enumerate(samples):
        path = tmp_path / f'{i}.png'
        path.write_bytes(b'%d' % (i % 2))
        sample.set_metainfo({'img_path': str(path)})
    with pytest.raises(ValueError, match=r'0\.png and .*2\.png'):
        evaluate(samples, per_image_file=str(tmp_path / 'i.jsonl'))
    with pytest.raises(ValueError, match='empty'):
        ForgeryMetric().compute_metrics([])


def test_bad_predictions_name_the_image():
    def broken(change):
        [sample] = make_samples(1)
        change(sample)
        return [sample]

    def nan(sample):
        sample.forgery_prob.data[0, 3, 3] = float('nan')

    def small(sample):
        sample.forgery_prob = PixelData(data=sample.forgery_prob.data[:, ::2])

    def label(sample):
        sample.gt_sem_seg.data[0, 0, 0] = 7

    def unknown(sample):
        del sample.gt_sem_seg

    for change, message in (
        (unknown, r'casia/0\.png.*LoadForgeryMask'),
        (nan, r'casia/0\.png.*NaN'),
        (small, r'casia/0\.png.*\(10, 31\).*\(20, 31\)'),
        (label, r'casia/0\.png.*\[7\]'),
    ):
        with pytest.raises(ValueError, match=message):
            evaluate(broken(change))


def test_a_stock_segmentor_is_scored_too():
    samples = make_samples(2)
    expected = evaluate(samples)
    for sample in samples:
        logit = sample.forgery_prob.data.double().logit()
        sample.seg_logits = PixelData(data=torch.cat([-logit / 2, logit / 2]))
        del sample.forgery_prob
    assert evaluate(samples) == pytest.approx(expected, abs=1e-3)


def evaluate_as_rank(rank, folder, n):
    """Evaluates what the sampler gives one of two ranks, padding included."""
    samples = make_samples(n - n // 3, n_authentic=n // 3)
    metric = ForgeryMetric(
        per_image_file=str(folder / f'{n}.jsonl'),
        collect_dir=str(folder / f'parts{n}'),
        conventions='all',
        n_resamples=50,
        results_file=str(folder / f'{n}.json'),
    )
    for i in DefaultSampler(samples, shuffle=False):
        metric.process(None, [samples[i].to_dict()])
    return metric.evaluate(n)


def join_ranks(rank, folder):
    dist.init_process_group(
        'gloo',
        init_method=f'file://{folder}/store',
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=180),
    )
    try:
        return {n: evaluate_as_rank(rank, folder, n) for n in (1, 5)}
    finally:
        dist.destroy_process_group()


def test_samples_that_even_out_two_ranks_count_once(tmp_path):
    code = (
        f'import sys; sys.path[:0] = {[os.path.dirname(__file__), *sys.path]!r}\n'
        'from pathlib import Path\n'
        'from test_forgery_metric import join_ranks\n'
        f'join_ranks(1, Path({str(tmp_path)!r}))'
    )
    with subprocess.Popen([sys.executable, '-c', code]) as other:
        scores = join_ranks(0, tmp_path)
    assert other.returncode == 0
    for n in (1, 5):
        alone = tmp_path / 'alone.json'
        expected = evaluate(
            make_samples(n - n // 3, n_authentic=n // 3),
            conventions='all',
            n_resamples=50,
            results_file=str(alone),
        )
        assert scores[n] == expected
        assert alone.read_bytes() == (tmp_path / f'{n}.json').read_bytes()
        assert len((tmp_path / f'{n}.jsonl').read_text().splitlines()) == n
