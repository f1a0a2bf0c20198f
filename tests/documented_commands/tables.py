"""How a command that a page prints becomes one that a test can run.

All that differs between the two stands here: names that the reader is to fill in, what
makes a command long, and what cannot be run at all. A command is looked up without its
leading `python`.
"""

import mmseg

SWIN = 'configs/swin/mpc_swin-tiny_1xb4_folders-augmented-512x512.py'

#: What a name stands for. A key may begin with the page, the tool, or the option that
#: the name follows; such a key goes before the name alone. Paths that are missing here
#: (DATA/CASIA2, MADE/list.txt, ...) are those of files in the world.
PLACEHOLDERS = {
    'CONFIG': 'small.py',
    'CHECKPOINT': 'best.pth',
    'NAME': 'small',
    'PHOTO': 'photo.jpg',
    'PHOTOS': 'photographs',
    'FOLDER': 'photos',
    'IMAGES': 'photos',
    'LIST': 'my_forgeries/train.txt',
    'DATA_ROOT': 'casia',
    'PATH': 'work_dirs/RUN/contrast_end.pth',
    'SRC': 'released.pth',
    'PARTITION': 'partition',
    'JOB': 'job',
    '--data-root DIR': 'my_forgeries',
    '--out DIR': 'out/new',
    '--authentic DIR': 'my_forgeries/authentic',
    '--forged DIR': 'my_forgeries/images',
    '--out FILE': 'out/calibration.json',
    '--copy DIR': 'out/configs',
    'tools/config.py NAME': 'mpc_hrnet-w18s_1xb8_folders-256x256',
    '--out LIST': 'out/list.txt',
    '--out DATA_ROOT': 'out/forgeries',
    'tools/dataset_converters/to_protocol.py NAME': 'columbia',
    'tools/dataset_converters/to_protocol.py ROOT': 'DATA/Columbia',
    'backbones.md CONFIG': SWIN,
    # A folder of check_data.py is a data set.
    'tools/dataset_converters/check_data.py FOLDER': 'my_forgeries',
    # A finished set is left alone.
    'tools/dataset_converters/make_forgeries.py DIR': 'out/made',
}

#: Abridged commands, in full.
WRITTEN_OUT = {
    'tools/infer.py ... --tta flip rot90 scale': (
        'tools/infer.py PHOTO --model CHECKPOINT --out DIR --tta flip rot90 scale'
    ),
    'tools/infer.py --tta': (
        'tools/infer.py PHOTO --model CHECKPOINT --out DIR --tta flip'
    ),
    'tools/infer.py --model model.onnx': (
        'tools/infer.py PHOTO --model model.onnx --out DIR'
    ),
    'tools/test.py --conventions all': (
        'tools/test.py CONFIG CHECKPOINT --conventions all'
    ),
    'tools/test.py ... --conventions all': (
        'tools/test.py CONFIG CHECKPOINT --conventions all'
    ),
    'tools/dataset_converters/check_data.py LIST LIST ... --out DIR': (
        'tools/dataset_converters/check_data.py my_forgeries/train.txt '
        'my_forgeries/val.txt my_forgeries/test.txt --out DIR'
    ),
    'tools/dataset_converters/make_forgeries.py ... --preset varied --gallery': (
        'tools/dataset_converters/make_forgeries.py PHOTOS --out out/varied --count 4 '
        '--preset varied --gallery'
    ),
    'tools/analysis_tools/benchmark_backbones.py CONFIG ...': (
        'tools/analysis_tools/benchmark_backbones.py CONFIG'
    ),
    'tools/publish_model.py ... /srv/forgery-models ...': (
        'tools/publish_model.py work_dirs/RUN/best.pth srv/forgery-models --name NAME '
        "--card card.md --terms 'CC BY 4.0'"
    ),
}

#: A word in place of another, where the printed one would take hours or need another
#: machine. A key may begin with the tool or with a variable before it.
REPLACED = {
    'contrast_phase.max_iters=20000': 'contrast_phase.max_iters=2',
    'localize_phase.max_iters=5000': 'localize_phase.max_iters=2',
    'work_dirs/mpc_r18s-blocks_1xb8_native-256x256_supervised/iter_250.pth': (
        'work_dirs/mpc_r18s-blocks_1xb8_native-256x256_supervised/iter_2.pth'
    ),
    'work_dirs/mpc_r18s-blocks_1xb8_native-256x256_supervised/iter_750.pth': (
        'work_dirs/mpc_r18s-blocks_1xb8_native-256x256_supervised/iter_2.pth'
    ),
    'NNODES=2 8': '1',
    'tools/dist_train.sh 8': '2',
    'tools/dist_test.sh 8': '2',
    'MASTER_ADDR=10.0.0.1': 'MASTER_ADDR=127.0.0.1',
    'PORT=29500': 'PORT={port}',
    'https://models.example.org/forgery': '{zoo}',
}

_LOADERS = [
    f'{kind}_dataloader.{setting}'
    for kind in ('train', 'val', 'test')
    for setting in ('batch_size=2', 'num_workers=0', 'persistent_workers=False')
]
_PHASES = [
    f'{phase}_phase.{length}=2'
    for phase in ('contrast', 'localize', 'supervised')
    for length in ('max_iters', 'val_interval')
]
_NARROW = [
    *(
        f'model.backbone.extra.stage{stage}.{option}'
        for stage in (1, 2, 3, 4)
        for option in (
            'num_modules=1',
            f'num_blocks={[1] * stage}'.replace(' ', ''),
            f'num_channels={[4 * 2**i for i in range(stage)]}'.replace(' ', ''),
        )
    ),
    'model.neck.in_channels=[4,8,16,32]',
    'model.neck.out_channels=16',
    'model.decode_head.in_channels=[16,16,16,16]',
    'model.decode_head.hidden_channels=[16]',
]
#: An HRNet of 70,000 weights, pictures of 64x64, batches of 2, 2 iterations of each
#: phase. What small.py differs in from the config of a user's own folders, too.
SMALL = [
    *_NARROW,
    *_LOADERS,
    *_PHASES,
    'image_size=64',
]
_SWIN = [
    *_LOADERS,
    *(option for option in _PHASES if 'supervised' not in option),
    'image_size=64',
    'train_dataloader.dataset.data_root=my_forgeries',
    'val_dataloader.dataset.data_root=my_forgeries',
    'model.backbone.embed_dims=12',
    'model.backbone.depths=[1,1,1,1]',
    'model.neck.in_channels=[12,24,48,96]',
]
_ONE_SMALL = '--size 64 --repeats 1 --threads 1'
_W18S = 'configs/_base_/models/mpc_hrnet_w18s.py'

#: Options that are added to a command: of a tool, or of a word that is in it. An
#: override of the config goes to --cfg-options, a variable before the tool, and counts
#: after those that are printed.
SHORTENED = {
    'configs/hrnet/mpc_hrnet-w18s_1xb8_folders-256x256.py': ' '.join(SMALL),
    'configs/blocks/mpc_r18s-blocks_1xb8_native-256x256.py': ' '.join(
        [*_LOADERS, *_PHASES, 'image_size=64']
    ),
    'configs/blocks/mpc_r18s-blocks_1xb8_native-processed-256x256.py': ' '.join(
        [*_LOADERS, *_PHASES]
    ),
    SWIN: ' '.join(_SWIN),
    'DST.py': (
        'test_dataloader.num_workers=0 test_dataloader.persistent_workers=False '
        'test_dataloader.dataset.pipeline.1.scale=(64,64)'
    ),
    # Pages train one config more than once; left out where a run is resumed.
    **dict.fromkeys(('tools/train.py', 'tools/dist_train.sh'), '--overwrite'),
    'tools/calibrate.py': '--false-alarm-rate 0.2',
    'tools/dataset_converters/make_forgeries.py': '--count 4',
    'tools/analysis_tools/benchmark_backbones.py': f'{_W18S} {_ONE_SMALL}',
    'tools/analysis_tools/benchmark_busy.py': (
        '--steps 1 --rounds 1 --size 64 --batch 1 --settings torch'
    ),
    'tools/analysis_tools/benchmark_cached.py': (
        f'--config {_W18S} --size 64 --batch 1 --images 2 --epochs 2 --hidden 8'
    ),
    'tools/analysis_tools/benchmark_contrast.py': (
        f'--counts 64 --batch-size 1 --forged-shares 0.5 {_ONE_SMALL}'
    ),
    'tools/analysis_tools/benchmark_data.py': '--cases casia --seconds 0.1',
    'tools/analysis_tools/benchmark_forge.py': '--count 6',
    'tools/analysis_tools/benchmark_frozen.py': (
        f'--config {_W18S} --size 64 --batch 1 --steps 1 --hidden 8'
    ),
    'tools/analysis_tools/benchmark_infer.py': (
        '--number 1 --side 64 --backends eager --batch-sizes 1 --repeats 1 --threads 1'
    ),
    'tools/analysis_tools/benchmark_onnx.py': f'--models mpc_hrnet_w18s {_ONE_SMALL}',
    'tools/analysis_tools/benchmark_scores.py': '--repeats 1 --threads 1',
    'tools/serve.py': '--port {port}',
    'tools/slurm_train.sh': 'GPUS_PER_NODE=1 PORT={port} --overwrite',
    'tools/slurm_test.sh': 'GPUS_PER_NODE=1 PORT={port}',
}

#: A tool whose exit status is not 0 here, and why.
STATUS = {
    'tools/dataset_converters/to_protocol.py casia_v2': (1, 'not all of CASIA v2'),
    'tools/dataset_converters/to_protocol.py columbia': (1, 'not all of Columbia'),
    'tools/dataset_converters/to_protocol.py autosplice': (1, 'not all of AutoSplice'),
}

#: What tools that end on a signal alone print when they are ready.
READY = {'tools/serve.py': 'http://127.0.0.1'}

#: What is run in place of a part of a shell's command that calls no tool.
DRY = {
    'make ': 'make -n ',
    '$(python -c': '$(python3 -c',
    # Each line is run alone.
    '$TOOLS': f'{mmseg.__path__[0]}/.mim/tools',
    ' CONFIG ': ' small.py ',
    ' CHECKPOINT ': ' best.pth ',
}

#: How a command begins that is not run, and why.
NOT_RUN = {
    'pip install': 'needs a package index; CI installs by the Makefile, which has the '
    'same extras and constraints',
    'apt-get install': 'changes the machine',
    'git add': 'changes the repository',
    'export MPC_ZOO': 'sets a variable for the commands after it',
}
