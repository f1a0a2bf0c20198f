import json

import cv2
import numpy as np
import pytest

from mpc_mmseg.visualization.training_curves import (
    data_time_share,
    plot_losses,
    plot_similarity,
    plot_validation,
    read_phase_names,
    read_scalars,
    split_by_losses,
    training_curves,
)


def contrast(step):
    return {
        'loss': 3.0,
        'loss_within_image': 1.0,
        'loss_cross_scale': 2.0,
        'data_time': 0.1,
        'time': 1.0,
        'grad_norm': 5.0,
        'step': step,
    }


def localize(step):
    return {
        'loss': 0.5,
        'loss_bce': 0.5,
        'data_time': 0.1,
        'time': 0.2,
        'step': step,
    }


def write_scalars(work_dir, start, records):
    folder = work_dir / start / 'vis_data'
    folder.mkdir(parents=True)
    lines = [json.dumps(record) for record in records]
    (folder / 'scalars.json').write_text('\n'.join(lines) + '\n')


def is_picture(png):
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return picture.std() > 5


def test_a_resumed_run_is_one_and_a_new_run_replaces_it(tmp_path):
    write_scalars(tmp_path, '1', [contrast(1), contrast(2), {'a/F1': 0.1, 'step': 2}])
    write_scalars(tmp_path, '2', [localize(3)])
    records = read_scalars(tmp_path)
    assert [r['step'] for r in records] == [1, 2, 2, 3]
    # Resumed from an earlier iteration: what came after it is replaced.
    write_scalars(tmp_path, '3', [localize(2)])
    assert [(r['step'], r['loss']) for r in read_scalars(tmp_path)] == [
        (1, 3.0),
        (2, 0.5),
    ]
    write_scalars(tmp_path, '4', [localize(1)])
    assert len(read_scalars(tmp_path)) == 1


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=tmp_path.name):
        read_scalars(tmp_path)
    write_scalars(tmp_path, '1', [contrast(1)])
    file = tmp_path / '1/vis_data/scalars.json'
    for broken in ('{"loss": 1', '{"loss": 1}', '3'):
        file.write_text(json.dumps(contrast(1)) + '\n' + broken)
        with pytest.raises(ValueError, match=r'scalars\.json, line 2'):
            read_scalars(tmp_path)


def test_phases_are_told_by_their_losses():
    records = [contrast(1), {'a/F1': 0.2, 'step': 1}, contrast(2), localize(3)]
    first, second = split_by_losses(records)
    assert first.losses == ('loss_within_image', 'loss_cross_scale')
    assert second.losses == ('loss_bce',)
    steps, values = first.series('loss_cross_scale')
    assert steps.tolist() == [1, 2] and values.tolist() == [2, 2]
    assert first.series('absent')[0].size == 0
    [bare] = split_by_losses([{'loss': 1.0, 'step': 1}])
    assert bare.losses == ('loss',)
    assert split_by_losses([{'a/F1': 0.2, 'step': 1}]) == []


def test_phases_are_named_by_the_latest_stored_config(tmp_path):
    assert read_phase_names(tmp_path) == []
    text = (
        "custom_imports = dict(imports=['absent'])\njoint_phase = dict(max_iters=1)\n"
    )
    for start, phase in (('1', 'contrast'), ('2', 'localize')):
        write_scalars(tmp_path, start, [contrast(1)])
        text += f'{phase}_phase = dict(max_iters=1)\n'
        (tmp_path / start / 'vis_data/config.py').write_text(
            f"{text}phases = ['joint', '{phase}']\n"
        )
    assert read_phase_names(tmp_path) == ['joint', 'localize']


def test_plots():
    records = [contrast(1), contrast(2), localize(3), {'a/F1': 0.3, 'step': 3}]
    for phase in split_by_losses(records):
        assert is_picture(plot_losses(phase, 'Phase'))
    assert is_picture(plot_validation(records, ('a/F1', 'a/IoU')))
    assert plot_validation(records, ('b/F1',)) is None


def test_a_run_has_a_plot_of_each_phase_and_one_of_its_scores(tmp_path):
    records = [contrast(1), localize(2), {'a/F1': 0.3, 'mean/F1': 0.3, 'step': 2}]
    write_scalars(tmp_path, '1', records)
    pictures, waiting = training_curves(tmp_path)
    assert len(pictures) == 3 and all(is_picture(each.data) for each in pictures)
    assert waiting == pytest.approx(0.2 / 1.2)


def test_share_of_time_waiting_for_data():
    # 0.2 of 1.2 seconds; validation records do not count.
    records = [contrast(1), localize(2), {'data_time': 9, 'time': 9, 'step': 2}]
    assert data_time_share(records) == pytest.approx(0.2 / 1.2)
    assert data_time_share([{'loss': 1, 'step': 1}]) is None


def test_similarities_are_drawn_where_they_were_logged():
    records = [
        {**contrast(i), 'similarity_intra': 0.9, 'similarity_inter': 0.9 - i / 10}
        for i in range(1, 4)
    ]
    first, second = split_by_losses([*records, localize(4)])
    assert is_picture(plot_similarity(first))
    assert plot_similarity(second) is None
