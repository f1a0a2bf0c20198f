"""The contrast and the metric as plain loops, and their numbers in tests/data.

    python tests/naive_reference.py

writes ``loss.npz`` and ``metric.npz`` from seeded random inputs. The loops share no
code with the package. tests/test_reference.py also compares them with numbers of the
released code, where those are available.
"""

from pathlib import Path

import numpy as np
import torch

DATA = Path(__file__).parent / 'data'
VIEWS = ('within_image', 'cross_scale', 'cross_modality')


def contrast(queries, negatives, positives, temperature):
    """Mean over queries of -p/t + log(e^(p/t) + sum of e^(q.k/t)); p: mean positive.

    ``positives``: unit vectors, or None for the other queries.
    """
    total = 0.0
    for i, q in enumerate(queries):
        if positives is None:
            others = torch.cat([queries[:i], queries[i + 1 :]])
        else:
            others = positives
        p = (others @ q).mean() / temperature
        total = total - p + (p.exp() + (negatives @ q / temperature).exp().sum()).log()
    return total / len(queries)


def pixels(maps, mask):
    """Unit vectors (N, C) of the authentic and the forged pixels of maps (C, h, w)."""
    classes = [], []
    for m in maps:
        _, height, width = m.shape
        for y in range(height):
            for x in range(width):
                row, column = y * mask.shape[0] // height, x * mask.shape[1] // width
                label = int(mask[row, column])
                if label in (0, 1):
                    classes[label].append(m[:, y, x] / m[:, y, x].norm())
    return [torch.stack(vectors) for vectors in classes]


def losses(first, second, mask, temperature, positives='own'):
    """The three losses of one image.

    Args:
        first: Maps (C, h, w) of the first pass, finest first.
        second: Finest map (C, H, W) of the second pass.
        mask: (H, W), 1 forged, 0 authentic, 255 ignored.
        temperature: Temperature of the contrast.
        positives: 'own' or 'other', the anchor's own map or that of the negatives.
    """

    def meet(anchor, other):
        same = positives == 'own' or anchor is other
        return contrast(anchor[0], other[1], None if same else other[0], temperature)

    finest, coarser, again = (
        pixels(maps, mask) for maps in ([first[0]], first[1:], [second])
    )
    values = (
        meet(finest, finest),
        meet(finest, coarser) + meet(coarser, finest),
        meet(finest, again) + meet(again, finest),
    )
    return dict(zip(VIEWS, values))


def resized(prob, size):
    """Bilinear, pixel by pixel: centres at half pixels, edges repeated; times 255."""
    height, width = prob.shape
    levels = np.zeros(size)
    for y in range(size[0]):
        v = min(max((y + 0.5) * height / size[0] - 0.5, 0), height - 1)
        top, below = int(v), min(int(v) + 1, height - 1)
        for x in range(size[1]):
            u = min(max((x + 0.5) * width / size[1] - 0.5, 0), width - 1)
            left, right = int(u), min(int(u) + 1, width - 1)
            upper = prob[top, left] * (1 - u % 1) + prob[top, right] * (u % 1)
            lower = prob[below, left] * (1 - u % 1) + prob[below, right] * (u % 1)
            levels[y, x] = 255 * (upper * (1 - v % 1) + lower * (v % 1))
    return levels


def scores(prob, mask):
    """F1 and IoU of the forged class of one image, by the MPC convention."""
    both = called = forged = 0
    for level, label in zip(resized(prob, mask.shape).flat, mask.flat):
        both += level > 127 and label > 127
        called += level > 127
        forged += label > 127
    union = called + forged - both
    f1 = 2 * both / (called + forged) if called + forged else 0.0
    return float(f1), float(both / (union + 1e-6) if union else 1.0)


def make_loss():
    generator = torch.Generator().manual_seed(0)
    shapes = ((9, 12), (5, 6), (3, 3), (1, 2))
    first = [torch.randn(6, *shape, generator=generator) for shape in shapes]
    # As two passes that differ by stochastic depth.
    second = first[0] + 0.3 * torch.randn(6, *shapes[0], generator=generator)
    mask = torch.zeros(*shapes[0], dtype=torch.uint8)
    mask[2:8, 4:11] = 1
    mask[:2, :3] = 255
    arrays = {f'first_{i}': m.numpy() for i, m in enumerate(first)}
    arrays |= dict(second=second.numpy(), mask=mask.numpy(), temperature=np.array(0.1))
    for positives in ('own', 'other'):
        inputs = [m.double().requires_grad_() for m in (*first, second)]
        found = losses(inputs[:-1], inputs[-1], mask, 0.1, positives)
        gradients = torch.autograd.grad(sum(found.values()), inputs)
        for name, value in found.items():
            arrays[f'{positives}_{name}'] = value.detach().numpy()
        for i, gradient in enumerate(gradients):
            arrays[f'{positives}_gradient_{i}'] = gradient.numpy()
    return arrays


def make_metric():
    rng = np.random.default_rng(0)
    arrays, found = {}, []
    sizes = [(61, 47), (40, 70), (24, 32), (13, 90), (33, 33), (30, 20), (30, 20)]
    for k, size in enumerate(sizes):
        prob = rng.random((24, 32), dtype=np.float32)
        mask = np.zeros(size, np.uint8)
        if k != 5:  # an authentic image
            mask[size[0] // 4 : size[0] // 2, size[1] // 3 :] = 255
        if k > 4:  # nothing predicted forged
            prob *= np.float32(0.4)
        if np.abs(resized(prob, size) - 127).min() < 1e-3:
            raise ValueError(f'image {k} has a pixel on the threshold: change the seed')
        arrays |= {f'prob_{k}': prob, f'mask_{k}': mask}
        found.append(scores(prob, mask))
    f1, iou = np.array(found).T
    return arrays | dict(f1=f1, iou=iou)


if __name__ == '__main__':
    DATA.mkdir(exist_ok=True)
    np.savez_compressed(DATA / 'loss.npz', **make_loss())
    np.savez_compressed(DATA / 'metric.npz', **make_metric())
