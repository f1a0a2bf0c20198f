"""What a published file tells about the machine and the accounts of who made it."""

import threading

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from mpc_mmseg.apis.zoo import publish as module
from mpc_mmseg.apis.zoo.publish import publish
from mpc_mmseg.apis.zoo.zoo import parse_index
from mpc_mmseg.engine.checkpoints.stored_config import stored_config

SECRETS = (
    'hunter2',
    'https://me:hunter2@host/a.pth?token=hunter2',
    'file:///home/hunter2/a',
    '~/hunter2/a',
    'C:\\Users\\hunter2\\a',
    '/home/hunter2/a',
)

RUN = 'mpc_hrnet-w18s_1xb8_demo-128x128'


@pytest.fixture
def run(tiny_config, tmp_path):
    """Writes a checkpoint whose config was changed by a function."""
    tiny_config.model.phase = 'localize'
    state = MODELS.build(tiny_config.model).state_dict()

    def write(change=lambda cfg: None):
        cfg = Config(tiny_config.to_dict(), format_python_code=False)
        change(cfg)
        path = tmp_path / 'best.pth'
        meta = dict(cfg=cfg.pretty_text, mpc_phase='localize', experiment_name=RUN)
        torch.save(dict(meta=meta, state_dict=state, optimizer=dict(a=1)), path)
        return path

    (tmp_path / 'card.md').write_text('# Tiny')
    return write


def published(path, tmp_path, name='tiny', **options):
    zoo = tmp_path / 'zoo'
    card, config = tmp_path / 'card.md', 'mpc_hrnet-w18s_1xb8_demo-128x128'
    options |= dict(date='20260131', config=config)
    entry = publish(path, zoo, name, 'for tests', card, **options)
    return zoo / entry.file


@pytest.mark.parametrize('secret', SECRETS)
def test_no_secret_of_a_run_is_published(secret, run, tmp_path):
    def hide(cfg):
        cfg.load_from = cfg.work_dir = secret
        cfg.model.backbone.init_cfg = dict(type='Pretrained', checkpoint=secret)
        # MMEngine writes no backslash in a key that can be read again.
        cfg.env_cfg = {secret.replace('\\', '/'): dict(a=[(secret,)])}
        cfg.my_api_key = secret
        cfg.visualizer = dict(
            type='Visualizer',
            vis_backends=[dict(type='WandbVisBackend', init_kwargs=dict(key=secret))],
        )
        for name in ('train_dataloader', 'test_dataloader'):
            data = cfg[name].dataset
            data.data_root = data.metainfo = secret
            data.pipeline[0].backend_args = dict(backend='s3', secret=secret)

    file = published(run(hide), tmp_path)
    for path in (tmp_path / 'zoo').iterdir():
        assert b'hunter2' not in path.read_bytes()
    content = torch.load(file, weights_only=True)
    cfg = stored_config(content, 'it')
    assert cfg.test_dataloader.dataset.pipeline[0] == {'type': 'LoadForgeryImage'}
    assert cfg.model.type == 'MPCSegmentor' and 'train_dataloader' not in cfg
    assert 'optimizer' not in content


@pytest.mark.parametrize('secret', SECRETS[1:])
def test_a_model_with_a_path_in_it_is_not_published(secret, run, tmp_path):
    def hide(cfg):
        cfg.model.neck.words = [secret]

    for trust_config in (False, True):
        with pytest.raises(ValueError, match=r'model\.neck\.words\.0 = '):
            published(run(hide), tmp_path, trust_config=trust_config)
    assert not (tmp_path / 'zoo').exists()


def test_of_two_publications_at_once_none_is_lost(run, tmp_path, monkeypatch):
    source, both = run(), threading.Barrier(2)
    original = module.locked

    def together(*args):
        both.wait(30)
        return original(*args)

    monkeypatch.setattr(module, 'locked', together)
    threads = [
        threading.Thread(target=published, args=(source, tmp_path, name))
        for name in ('first', 'second')
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index = (tmp_path / 'zoo' / 'index.json').read_bytes()
    assert list(parse_index(index, '')) == ['first', 'second']
