#!/usr/bin/env bash
# What a user does with an installed wheel, in an empty folder: make test-wheel.
# Usage: tests/use_the_wheel.sh FOLDER_OF_PYTHON
set -euo pipefail
export PATH="$1:$PATH" OMP_NUM_THREADS=1 CUDA_VISIBLE_DEVICES=
unset PYTHONPATH MPC_ZOO MPC_ZOO_CACHE
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python - <<'PYTHON'
import importlib.util
import pathlib

import numpy as np
from PIL import Image

assert 'site-packages' in importlib.util.find_spec('mpc_mmseg').origin
rng = np.random.default_rng(0)
for name in ('images', 'masks', 'authentic'):
    pathlib.Path('my_forgeries', name).mkdir(parents=True)
for i in range(12):
    pixels = rng.integers(0, 255, (96, 96, 3)).astype(np.uint8)
    mask = np.zeros((96, 96), np.uint8)
    mask[16:48, 16:60] = 255
    Image.fromarray(pixels).save(f'my_forgeries/authentic/a{i}.png')
    pixels[mask > 0] //= 4
    Image.fromarray(pixels).save(f'my_forgeries/images/{i}.png')
    Image.fromarray(mask).save(f'my_forgeries/masks/{i}.png')
PYTHON

mpcseg --help > help.txt
grep -q infer help.txt
mpcseg --version
mpcseg completion bash | bash -n
python -m mpc_mmseg --help > again.txt
grep -q infer again.txt
mpcseg zoo list

# The model of those who name none comes with the wheel.
mpcseg infer my_forgeries/images my_forgeries/authentic/a0.png --out found --device cpu
test "$(wc -l < found/results.jsonl)" = 13
test -f found/images/0_mask.png
mpcseg case my_forgeries/images/0.png --out case
mpcseg case --verify case

config=mpc_hrnet-w18s_1xb8_folders-256x256
mpcseg config > configs.txt
grep -q "hrnet/$config" configs.txt
mpcseg config "$config" --copy mine
mpcseg split my_forgeries --source-pattern '([0-9]+)' --val-share 0.25 --test-share 0.25
small=(--data-root my_forgeries --cfg-options image_size=64
    train_dataloader.batch_size=2 train_dataloader.num_workers=0
    train_dataloader.persistent_workers=False val_dataloader.num_workers=0
    val_dataloader.persistent_workers=False contrast_phase.max_iters=2
    localize_phase.max_iters=2 contrast_phase.val_interval=2 localize_phase.val_interval=2)
mpcseg train "mine/hrnet/$config.py" --work-dir run "${small[@]}"
test -f run/iter_4.pth
mpcseg infer my_forgeries/images/0.png --model run/iter_4.pth --out from_run --device cpu

# A config of one's own builds on an installed one.
echo "_base_ = 'mpc_mmseg::hrnet/$config.py'" > own.py
mpcseg train own.py --phases contrast --work-dir own "${small[@]}"
test -f own/iter_2.pth
mpcseg infer my_forgeries/images/0.png --model own/iter_2.pth --out from_own --device cpu
echo 'The wheel works outside the checkout.'
