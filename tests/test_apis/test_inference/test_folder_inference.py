import json
import os
import shutil
import subprocess
import sys
import time

import cv2
import pytest
from bright_is_forged import write_image
from tool_by_path import TOOLS, run_tool

from mpc_mmseg.apis.inference import folder_inference
from mpc_mmseg.apis.inference.folder_inference import infer_folder


def read_lines(out):
    return [json.loads(line) for line in (out / 'results.jsonl').open()]


def test_a_folder_with_a_broken_image(checkpoint, tmp_path):
    photos, out = tmp_path / 'photos', tmp_path / 'out'
    write_image(photos / 'a.png')
    write_image(photos / 'sub' / 'a.png', seed=1)
    (photos / 'broken.jpg').write_bytes(b'\xff\xd8 no more')
    n_images, failures = infer_folder(photos, out, checkpoint, device='cpu')
    assert n_images == 3
    assert len(failures) == 1 and failures[0].count('broken.jpg') == 1
    lines = {line['path']: line for line in read_lines(out)}
    assert len(lines) == 3
    assert 'error' in lines[str(photos / 'broken.jpg')]
    good = lines[str(photos / 'sub' / 'a.png')]
    assert good['size'] == [40, 50] and good['threshold'] == 0.5
    assert 0.45 < good['forged_share'] < 0.55 < good['image_score']
    assert all((out / file).is_file() for file in good['files'])
    assert (out / 'a_mask.png').is_file() and (out / 'sub/a_overlay.png').is_file()


def test_results_inside_the_input_are_no_input(checkpoint, tmp_path):
    photos = tmp_path / 'photos'
    write_image(photos / 'a.png')
    for _ in range(2):
        assert infer_folder(photos, photos / 'out', checkpoint, device='cpu')[0] == 1
    (photos / 'a.png').unlink()
    with pytest.raises(FileNotFoundError, match=r'no image: .*earlier results'):
        infer_folder(photos, photos / 'out', checkpoint)


def test_a_single_image_beside_its_results(checkpoint, tmp_path):
    write_image(tmp_path / 'a.png')
    assert infer_folder(tmp_path / 'a.png', tmp_path, checkpoint, device='cpu') == (
        1,
        [],
    )
    assert (tmp_path / 'a_prob.png').is_file()


def test_several_inputs_and_lists_are_one_run(checkpoint, tmp_path):
    for name in ('one/a.png', 'two/a.png', 'two/b.jpg', 'c.png'):
        write_image(tmp_path / name)
    (tmp_path / 'list.txt').write_text('\ufefftwo\n\n  c.png\n', encoding='utf-8')
    (tmp_path / 'empty.txt').write_text('\n')
    sources = [tmp_path / 'one', str(tmp_path / 'list.txt'), tmp_path / 'two/*.jpg']
    out = tmp_path / 'out'
    # An image that two inputs name is predicted once.
    assert infer_folder(sources, out, checkpoint, device='cpu') == (4, [])
    assert {line['path'] for line in read_lines(out)} == {
        str(tmp_path / name)
        for name in ('one/a.png', 'two/a.png', 'two/b.jpg', 'c.png')
    }
    for name in ('one/a', 'two/a', 'two/b', 'c'):
        assert (out / f'{name}_mask.png').is_file()
    with pytest.raises(FileNotFoundError, match=r'empty\.txt names no image'):
        infer_folder(tmp_path / 'empty.txt', out, checkpoint)
    with pytest.raises(FileNotFoundError, match=r'no image or folder .*absent'):
        infer_folder([tmp_path / 'one', tmp_path / 'absent'], out, checkpoint)


def test_absolute_and_relative_inputs_go_together(checkpoint, tmp_path, monkeypatch):
    write_image(tmp_path / 'here/a.png')
    write_image(tmp_path / 'there/b.png')
    monkeypatch.chdir(tmp_path / 'here')
    sources = ['a.png', tmp_path / 'there/b.png']
    assert infer_folder(sources, 'out', checkpoint, device='cpu') == (2, [])
    for name in ('a', 'b'):
        assert (tmp_path / f'here/out/{name}_mask.png').is_file()


def test_a_missing_input_or_model_stops_it_before_anything_is_written(tmp_path):
    with pytest.raises(FileNotFoundError, match='absent'):
        infer_folder(tmp_path / 'absent', tmp_path / 'out', tmp_path / 'm.pth')
    write_image(tmp_path / 'a.png')
    with pytest.raises(FileNotFoundError, match=r'm\.pth'):
        infer_folder(tmp_path / 'a.png', tmp_path / 'out', tmp_path / 'm.pth')
    assert not (tmp_path / 'out').exists()


def test_tool_reports_failures_by_its_status(checkpoint, tmp_path, monkeypatch, capsys):
    photos, out = tmp_path / 'photos', tmp_path / 'out'
    write_image(photos / 'a.png')
    args = (photos, '--model', checkpoint, '--out', out, '--device', 'cpu')
    assert run_tool(monkeypatch, 'infer.py', *args, '--threshold', '0.99') == 0
    assert '1 of 1 images' in capsys.readouterr().out
    assert read_lines(out)[0]['forged_share'] == 0
    (photos / 'b.png').write_bytes(b'broken')
    assert run_tool(monkeypatch, 'infer.py', *args) == 1
    shown = capsys.readouterr()
    assert '1 of 2 images' in shown.out and 'b.png' in shown.err
    assert (
        run_tool(monkeypatch, 'infer.py', photos, '--model', 'absent.pth', '--out', out)
        == 2
    )
    assert 'absent.pth' in capsys.readouterr().err


@pytest.mark.parametrize(
    'args, word',
    [
        (['--model', 'config.py'], '--weights'),
        (['--model', 'm.pth', '--threshold', '2'], '--threshold'),
    ],
)
def test_wrong_usage_stops_at_once(monkeypatch, capsys, args, word):
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'infer.py', 'a.png', '--out', 'out', *args)
    assert stop.value.code == 2 and word in capsys.readouterr().err


def test_help_does_not_wait_for_torch():
    code = (
        f'import runpy, sys; sys.argv = ["infer.py", "--help"]\n'
        f'sys.path.insert(0, {str(TOOLS)!r})\n'
        f'try: runpy.run_path({str(TOOLS / "infer.py")!r}, run_name="__main__")\n'
        f'finally: assert "torch" not in sys.modules'
    )
    result = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    for word in ('_mask.png', 'results.jsonl', '--threshold', '--weights'):
        assert word in result.stdout


def test_an_interrupted_run_is_resumed(checkpoint, tmp_path):
    photos, out = tmp_path / 'photos', tmp_path / 'out'
    for seed in range(3):
        write_image(photos / f'{seed}.png', seed)
    infer_folder(photos, out, checkpoint, device='cpu')
    lines = (out / 'results.jsonl').read_text().splitlines()
    # Stopped in the middle of the second line, after a picture was lost.
    (out / 'results.jsonl').write_text(lines[0] + '\n' + lines[1][:20])
    kept = (out / '0_mask.png').stat().st_mtime_ns
    settings = dict(device='cpu', resume=True)
    assert infer_folder(photos, out, checkpoint, **settings) == (3, [])
    assert (out / '0_mask.png').stat().st_mtime_ns == kept
    assert (out / 'results.jsonl').read_text().splitlines() == lines
    (out / '0_mask.png').unlink()
    infer_folder(photos, out, checkpoint, **settings)
    assert (out / '0_mask.png').is_file() and len(read_lines(out)) == 3
    with pytest.raises(ValueError, match='differs in threshold'):
        infer_folder(photos, out, checkpoint, **settings, threshold=0.2)


def test_lines_keep_their_order_and_results_their_values(
    checkpoint, tmp_path, monkeypatch
):
    from mpc_mmseg.apis.inference import folder_inference
    from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer

    photos, out = tmp_path / 'photos', tmp_path / 'out'
    for seed in range(6):
        write_image(photos / f'{seed}.png', seed)
    (photos / '2.jpg').write_bytes(b'broken')
    write = folder_inference.write_prediction

    def slower_for_the_first(prediction, out, name, *args):
        time.sleep(0.2 if name in ('0', '3') else 0)
        return write(prediction, out, name, *args)

    monkeypatch.setattr(folder_inference, 'write_prediction', slower_for_the_first)
    infer_folder(photos, out, checkpoint, device='cpu', batch_size=2)
    lines = read_lines(out)
    assert [line['path'] for line in lines] == sorted(str(p) for p in photos.iterdir())
    inferencer = ForgeryInferencer(checkpoint, device='cpu', batch_size=2)
    for line, expected in zip(lines, inferencer(photos)):
        assert line['path'] == expected.path
        assert line.get('image_score') == expected.image_score
    # An inferencer that is ready does as well.
    assert infer_folder(photos, tmp_path / 'again', inferencer)[0] == 7
    again = read_lines(tmp_path / 'again')
    assert [a.get('regions') for a in again] == [b.get('regions') for b in lines]


def test_what_cannot_be_written_stops_the_run(checkpoint, tmp_path, monkeypatch):
    from mpc_mmseg.apis.inference import folder_inference

    photos, out = tmp_path / 'photos', tmp_path / 'out'
    for seed in range(4):
        write_image(photos / f'{seed}.png', seed)
    write = folder_inference.write_prediction

    def full_disk(prediction, out, name, *args):
        if name == '1':
            raise OSError('no space left')
        return write(prediction, out, name, *args)

    monkeypatch.setattr(folder_inference, 'write_prediction', full_disk)
    with pytest.raises(OSError, match='no space left'):
        infer_folder(photos, out, checkpoint, device='cpu')
    # What is in the list is on the disk.
    assert [line['path'] for line in read_lines(out)] == [str(photos / '0.png')]
    monkeypatch.undo()
    infer_folder(photos, out, checkpoint, device='cpu', resume=True)
    assert len(read_lines(out)) == 4


def test_a_removed_output_folder_is_an_error(checkpoint, tmp_path, monkeypatch):
    for number in range(6):
        write_image(tmp_path / f'photos/{number}.png')
    out, times = tmp_path / 'out', []
    whole = folder_inference.write_prediction

    def removing(*args):
        times.append(1)
        if len(times) == 3:
            shutil.rmtree(out)
        return whole(*args)

    monkeypatch.setattr(folder_inference, 'write_prediction', removing)
    _, failures = infer_folder(tmp_path / 'photos', out, checkpoint, device='cpu')
    assert failures == [f'{out} was removed or replaced during the run']


def test_damage_is_in_the_line_of_an_image(checkpoint, tmp_path):
    write_image(tmp_path / 'photos/a.jpg', shape=(80, 100))
    content = (tmp_path / 'photos/a.jpg').read_bytes()
    half = content[: -(len(content) - content.index(b'\xff\xda')) // 2]
    (tmp_path / 'photos/half.jpg').write_bytes(half + b'\xff\xd9')
    infer_folder(tmp_path / 'photos', tmp_path / 'out', checkpoint, device='cpu')
    whole, damaged = read_lines(tmp_path / 'out')
    assert 'warnings' not in whole
    assert 'image data end before' in damaged['warnings'][0]


def test_names_that_cannot_be_written_are_errors_of_their_image(checkpoint, tmp_path):
    photos, out = tmp_path / 'photos', tmp_path / 'out'
    write_image(photos / 'z.png')
    content = (photos / 'z.png').read_bytes()
    foreign = os.fsdecode(b'bad\xff.png')
    for name in (foreign, 'n' * 240 + '.png'):
        (photos / name).write_bytes(content)
    n_images, [failure] = infer_folder(photos, out, checkpoint, device='cpu')
    assert n_images == 3 and 'cannot be written' in failure and 'nnn' in failure
    lines = {os.path.basename(line['path']): line for line in read_lines(out)}
    assert 'error' not in lines['z.png'] and 'error' not in lines[foreign]
    assert (out / lines[foreign]['files'][0]).is_file()
    assert 'error' in lines['n' * 240 + '.png']


@pytest.mark.parametrize(
    'error',
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        cv2.error('Failed to allocate 81000000 bytes'),
    ],
)
@pytest.mark.parametrize('stage', ['network', 'results'])
def test_lack_of_memory_is_an_error_of_its_image(
    checkpoint, tmp_path, monkeypatch, error, stage
):
    from mpc_mmseg.apis.inference import folder_inference
    from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer

    photos, out = tmp_path / 'photos', tmp_path / 'out'
    for seed, size in enumerate([(40, 50), (60, 70), (40, 50)]):
        write_image(photos / f'{seed}.png', seed, size)
    inferencer = ForgeryInferencer(checkpoint, device='cpu', batch_size=3)
    network, write = inferencer.network, folder_inference.write_prediction

    def small_only(images):
        if stage == 'network' and any(x['img'].shape[0] == 60 for x in images):
            raise error
        return network(images)

    def small_files(prediction, *args):
        if stage == 'results' and prediction.image.shape[0] == 60:
            raise error
        return write(prediction, *args)

    inferencer.network = small_only
    monkeypatch.setattr(folder_inference, 'write_prediction', small_files)
    n_images, [failure] = infer_folder(photos, out, inferencer)
    assert n_images == 3 and '1.png' in failure
    if stage == 'network':
        assert '70 x 60 pixels' in failure and '--tile' in failure
    assert ['error' in line for line in read_lines(out)] == [False, True, False]


def test_results_in_the_folder_of_the_photographs(checkpoint, tmp_path):
    write_image(tmp_path / 'a.png')
    with pytest.raises(FileNotFoundError, match='choose another one'):
        infer_folder(tmp_path, tmp_path, checkpoint)
