"""HRFormer, projection and head written out plainly, and the numbers it gave once.

    python tests/plain_hrformer.py    writes tests/data/hrformer_small.npz

Shares no code with the package: it reads weights by the names of the released
checkpoints, finds all sizes in their shapes, and computes in eval mode.
"""

import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

NUMBERS = Path(__file__).parent / 'data/hrformer_small.npz'
#: Odd, so that windows are padded and maps are resized between the branches.
IMAGE_SHAPE = (2, 3, 52, 75)


def seeded_weights(like):
    """Weights drawn by name, the same on every machine.

    Args:
        like: Name -> tensor of the shape; integers are kept as they are.
    """
    weights = {}
    for name, old in like.items():
        if not old.is_floating_point():
            weights[name] = old
            continue
        # numpy's legacy generator, whose stream is frozen.
        draw = np.random.RandomState(zlib.crc32(name.encode()))
        value = torch.from_numpy(draw.standard_normal(tuple(old.shape))).float()
        if name.endswith('running_var'):
            value = 0.5 + value.abs()
        elif old.dim() == 1:
            value = 0.2 * value + (name.endswith('weight') and 1)
        elif not name.endswith('bias_table'):
            value = value / old[0].numel() ** 0.5
        weights[name] = value
    return weights


def seeded_image():
    return torch.from_numpy(np.random.RandomState(0).rand(*IMAGE_SHAPE)).float()


class Plain:
    """One forward pass.

    Args:
        weights: By released names, ``encoder.*`` and ``decoder.classifier.*``.
    """

    def __init__(self, weights):
        self.w = weights

    def has(self, name):
        return any(key.startswith(f'{name}.') for key in self.w)

    def count(self, name):
        """How many numbered parts stand under a name."""
        start = f'{name}.'
        rest = (key[len(start) :] for key in self.w if key.startswith(start))
        return len({part.split('.')[0] for part in rest})

    def conv(self, x, name, stride=1):
        weight = self.w[f'{name}.weight']
        return F.conv2d(
            x,
            weight,
            self.w.get(f'{name}.bias'),
            stride=stride,
            padding=weight.shape[2] // 2,
            groups=x.shape[1] // weight.shape[1],
        )

    def norm(self, x, name, eps=1e-5):
        mean, var, weight, bias = (
            self.w[f'{name}.{key}'][:, None, None]
            for key in ('running_mean', 'running_var', 'weight', 'bias')
        )
        return (x - mean) / (var + eps).sqrt() * weight + bias

    def bottleneck(self, x, name):
        out = self.norm(self.conv(x, f'{name}.conv1'), f'{name}.bn1').relu()
        out = self.norm(self.conv(out, f'{name}.conv2'), f'{name}.bn2').relu()
        out = self.norm(self.conv(out, f'{name}.conv3'), f'{name}.bn3')
        if self.has(f'{name}.downsample'):
            x = self.norm(self.conv(x, f'{name}.downsample.0'), f'{name}.downsample.1')
        return (out + x).relu()

    def layer_norm(self, x, name):
        mean = x.mean(1, keepdim=True)
        x = (x - mean) / (x.var(1, unbiased=False, keepdim=True) + 1e-6).sqrt()
        weight, bias = (self.w[f'{name}.{k}'] for k in ('weight', 'bias'))
        return x * weight[:, None, None] + bias[:, None, None]

    def attention(self, x, name):
        table = self.w[f'{name}.relative_position_bias_table']
        heads, size = table.shape[1], (round(len(table) ** 0.5) + 1) // 2
        height, width = x.shape[2:]
        down, right = -height % size, -width % size
        top, left = down // 2, right // 2
        x = F.pad(x, (left, right - left, top, down - top))

        def project(x, part):
            weight, bias = (self.w[f'{name}.{part}.{k}'] for k in ('weight', 'bias'))
            return torch.einsum('bchw,dc->bdhw', x, weight) + bias[:, None, None]

        q, k, v = (project(x, f'{letter}_proj') for letter in 'qkv')
        depth = q.shape[1] // heads
        rows, columns = (p.flatten() for p in np.indices((size, size)))
        position = (rows[:, None] - rows + size - 1) * (2 * size - 1)
        position += columns[:, None] - columns + size - 1
        out = torch.zeros_like(q)
        for i in range(0, x.shape[2], size):
            for j in range(0, x.shape[3], size):
                for h in range(heads):
                    at = (
                        slice(None),
                        slice(h * depth, (h + 1) * depth),
                        slice(i, i + size),
                        slice(j, j + size),
                    )
                    logits = torch.einsum(
                        'bcq,bck->bqk', q[at].flatten(2), k[at].flatten(2)
                    )
                    share = (logits * depth**-0.5 + table[position, h]).softmax(-1)
                    found = torch.einsum('bqk,bck->bcq', share, v[at].flatten(2))
                    out[at] = found.view(out[at].shape)
        out = project(out, 'out_proj')
        return out[:, :, top : top + height, left : left + width]

    def block(self, x, name):
        x = x + self.attention(self.layer_norm(x, f'{name}.norm1'), f'{name}.attn.attn')
        y = self.layer_norm(x, f'{name}.norm2')
        for n, conv in enumerate(('fc1', 'dw3x3', 'fc2'), 1):
            y = self.norm(self.conv(y, f'{name}.mlp.{conv}'), f'{name}.mlp.norm{n}')
            y = F.gelu(y)
        return x + y

    def module(self, maps, name):
        for i, x in enumerate(maps):
            for n in range(self.count(f'{name}.branches.{i}')):
                x = self.block(x, f'{name}.branches.{i}.{n}')
            maps[i] = x
        fused = []
        for i in range(len(maps)):
            total = maps[i]
            for j, x in enumerate(maps):
                path = f'{name}.fuse_layers.{i}.{j}'
                if j > i:
                    x = self.norm(self.conv(x, f'{path}.0'), f'{path}.1')
                    x = F.interpolate(x, scale_factor=2 ** (j - i), mode='nearest')
                    total = total + larger(x, maps[i].shape[2:])
                elif j < i:
                    for step in range(i - j):
                        at = f'{path}.{step}'
                        x = self.norm(self.conv(x, f'{at}.0', stride=2), f'{at}.1')
                        x = self.norm(self.conv(x, f'{at}.2'), f'{at}.3')
                        x = x if step == i - j - 1 else x.relu()
                    total = total + x
            fused.append(total.relu())
        return fused

    def forward(self, image):
        """The maps of stage 4, the projected maps, the logit."""
        x = self.norm(self.conv(image, 'encoder.conv1', 2), 'encoder.bn1').relu()
        x = self.norm(self.conv(x, 'encoder.conv2', 2), 'encoder.bn2').relu()
        for n in range(self.count('encoder.layer1')):
            x = self.bottleneck(x, f'encoder.layer1.{n}')
        maps = [x]
        for stage in (2, 3, 4):
            known = list(maps)
            for i in range(stage):
                path = f'encoder.transition{stage - 1}.{i}'
                if i < len(known) and self.has(path):
                    x = self.norm(self.conv(known[i], f'{path}.0'), f'{path}.1')
                    maps[i] = x.relu()
                elif i >= len(known):
                    x = self.conv(known[-1], f'{path}.0.0', stride=2)
                    maps.append(self.norm(x, f'{path}.0.1').relu())
            for n in range(self.count(f'encoder.stage{stage}')):
                maps = self.module(maps, f'encoder.stage{stage}.{n}')
        levels = []
        for i, x in enumerate(maps):
            x = self.conv(x, f'encoder.convs.{i}.conv')
            levels.append(self.norm(x, f'encoder.convs.{i}.bn', eps=1e-3).relu())
        x = torch.cat([larger(x, levels[0].shape[2:]) for x in levels], 1)
        layers = {int(k.split('.')[2]) for k in self.w if k.startswith('decoder.')}
        for n in sorted(layers):
            name = f'decoder.classifier.{n}'
            if f'{name}.running_mean' in self.w:
                x = self.norm(x, name).relu()
            else:
                x = self.conv(x, name)
        return maps, levels, x


def larger(x, size):
    return F.interpolate(x, tuple(size), mode='bilinear', align_corners=True)


def main():
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS
    from released_names import model_cfg, released

    init_default_scope('mmseg')
    weights = seeded_weights(released(MODELS.build(model_cfg())))
    with torch.no_grad():
        maps, levels, logit = Plain(weights).forward(seeded_image())
    numbers = {f'stage4_{i}': m.numpy() for i, m in enumerate(maps)}
    numbers |= {f'levels_{i}': m.numpy() for i, m in enumerate(levels)}
    NUMBERS.parent.mkdir(exist_ok=True)
    np.savez_compressed(NUMBERS, logit=logit.numpy(), **numbers)


if __name__ == '__main__':
    main()
