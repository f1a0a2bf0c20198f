import os
from collections import OrderedDict

import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

from mpc_mmseg.engine.hooks.safe_checkpoint_hook import to_plain


def test_numbers_become_plain():
    stored = to_plain(OrderedDict(eta=np.float64(3.5), keep=[np.int64(2), 'x']))
    assert stored['eta'] == 3.5 and type(stored['eta']) is float
    assert stored['keep'] == [2, 'x'] and type(stored['keep'][0]) is int


def test_every_checkpoint_of_a_run_loads_safely_and_resumes(tiny_config):
    tiny_config = Config(tiny_config.to_dict(), format_python_code=False)
    Runner.from_cfg(tiny_config).train()
    work = tiny_config.work_dir
    files = [f for f in os.listdir(work) if f.endswith('.pth')]
    assert len(files) >= 10
    for name in files:
        torch.load(os.path.join(work, name), weights_only=True)
    tiny_config.resume = True
    tiny_config.load_from = os.path.join(work, 'iter_5.pth')
    runner = Runner.from_cfg(tiny_config)
    runner.train()
    log = runner.message_hub.get_scalar('train/lr')
    assert isinstance(log, HistoryBuffer) and len(log.data[0]) == 2
