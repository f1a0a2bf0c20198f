"""Every layout in miniature: a builder writes it and has the ground truth."""

import csv
import json

import cv2
import numpy as np

SIZE = (24, 32)
RED, GREEN = (0, 0, 200), (0, 200, 0)  # BGR


class Miniature:
    """Writes files below a root and keeps what each forged image's mask should be."""

    def __init__(self, root):
        self.root = root
        self.ground_truth: dict[str, np.ndarray] = {}
        self._rng = np.random.default_rng(0)

    def write(self, path, pixels):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(target), pixels)

    def photograph(self, *paths, size=SIZE):
        for path in paths:
            self.write(path, self._rng.integers(0, 256, (*size, 3), dtype=np.uint8))

    def forged(self, path):
        """A forged image and its true mask, a rectangle at a place of its own."""
        self.photograph(path)
        mask = np.zeros(SIZE, np.uint8)
        top, left = self._rng.integers(2, 8, 2)
        mask[top : top + 9, left : left + 12] = 1
        self.ground_truth[path] = mask
        return mask

    def table(self, path, rows, delimiter=','):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open('w', newline='', encoding='utf-8-sig') as file:
            writer = csv.DictWriter(file, rows[0], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)


def casia_v1(to):
    for path, name in (('Sp', 'Sp_D_CND_A_pla0005_pla0023_0281'),):
        to.write(
            f'CASIA 1.0 groundtruth/{path}/{name}_gt.png',
            255 * to.forged(f'Modified Tp/Tp/{path}/{name}.jpg'),
        )
    # misnamed: by its mask, it is a copy-move
    to.write(
        'CASIA 1.0 groundtruth/CM/Sp_S_CND_A_pla0016_pla0016_0196_gt.png',
        255 * to.forged('Modified Tp/Tp/CM/Sp_D_CND_A_pla0016_pla0017_0196.jpg'),
    )
    to.photograph('Original Tp/Tp/Sp/Sp_D_CND_A_pla0005_pla0023_0281.jpg')
    to.photograph('Modified Tp/Tp/Sp/Sp_D_NRN_A_cha0011_sec0011_0542.jpg')
    to.photograph('Au/Au_pla_0005.jpg')


def casia_v2(to):
    to.write(
        'CASIA 2 Groundtruth/Tp_D_CND_M_N_ani00018_sec00096_00138_gt.png',
        255 * to.forged('Tp/Tp_D_CND_M_N_ani00018_sec00096_00138.tif'),
    )
    to.write(
        'CASIA 2 Groundtruth/Tp_D_NRD_S_N_cha10002_cha10001_20094_gt3.png',
        255 * to.forged('Tp/Tp_S_NRD_S_N_cha10002_cha10002_20094.jpg'),
    )
    to.photograph('Au/Au_ani_00018.jpg')


def columbia(to):
    for name in ('canong3_nikond70_sub_01', 'canonxt_kodakdcs330_sub_02'):
        mask = to.forged(f'4cam_splc/4cam_splc/{name}.tif')
        colours = np.where(mask[..., None], GREEN, RED).astype(np.uint8)
        colours[mask.argmax(0).max(), mask.argmax(1).max()] = (0, 255, 0)  # an edge
        target = to.root / f'4cam_splc/4cam_splc/edgemask/{name}_edgemask.jpg'
        target.parent.mkdir(exist_ok=True)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 100]
        quality += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
        cv2.imwrite(str(target), colours, quality)
    to.photograph('4cam_auth/4cam_auth/canong3_02_sub_01.tif')
    to.write('4cam_splc/4cam_splc/edgemask/canong3_nikond70_sub_01_edge.jpg', mask)


def coverage(to):
    for number in (1, 2):
        to.write(f'mask/{number}forged.tif', 255 * to.forged(f'image/{number}t.tif'))
        to.photograph(f'image/{number}.tif')
        to.write(f'mask/{number}copy.tif', np.zeros(SIZE, np.uint8))


def dso1(to):
    for name in ('splicing-01', 'splicing-02'):
        mask = to.forged(f'tifs-database/DSO-1/{name}.png')
        black = 255 * (1 - mask)
        to.write(f'tifs-database/DSO-1-Fake-Images-Masks/{name}.png', black)
    to.photograph('tifs-database/DSO-1/normal-01.png')
    to.photograph('tifs-database/DSI-1/splicing-05.jpg')


def imd2020(to):
    to.write('1a1ogs/c8tf5mq_0_mask.png', 255 * to.forged('1a1ogs/c8tf5mq_0.png'))
    to.write('1a1ogs/c8tf_1_mask.png', 255 * to.forged('1a1ogs/c8tf_1.jpg'))
    to.photograph('1a1ogs/1a1ogs_orig.jpg')


def korus(to):
    for camera, name in (('Canon_60D', 'DPP0012'), ('Nikon_D90', 'r36610622t')):
        mask = to.forged(f'data-images/{camera}/tampered-realistic/{name}.TIF')
        labels = 255 * mask
        labels[:, 10][mask[:, 10] > 0] = 128  # collateral damage
        to.write(f'data-images/{camera}/ground-truth/{name}.PNG', labels)
        to.photograph(f'data-images/{camera}/pristine/{name}.TIF')


def in_the_wild(to):
    for name in ('2251', '2508'):
        mask = to.forged(f'label_in_wild/images/{name}.jpg')
        to.write(f'label_in_wild/masks/{name}.png', 255 * mask)


def autosplice(to):
    first = to.forged('Forged_JPEG100/12_0.jpg')
    to.write('Mask/12_mask.png', 255 * first)
    to.photograph('Forged_JPEG100/12_1.jpg', 'Forged_JPEG75/12_0.jpg')
    to.ground_truth['Forged_JPEG100/12_1.jpg'] = first
    to.photograph('Authentic/12.jpg')


def defacto(to):
    for part, name in ((1, '0_000000195755'), (2, '0_000000195755')):
        mask = to.forged(f'splicing_{part}_img/img/{name}.tif')
        to.write(f'splicing_{part}_annotations/probe_mask/{name}.jpg', 255 * mask)
        to.write(f'splicing_{part}_annotations/donor_mask/{name}.tif', 255 * mask)


def faceforensics(to):
    for method in ('Deepfakes', 'FaceSwap'):
        folder = f'manipulated_sequences/{method}'
        mask = to.forged(f'{folder}/c23/images/000_003/0001.png')
        to.write(f'{folder}/masks/images/000_003/0001.png', 255 * mask)
    to.photograph('original_sequences/youtube/c23/images/000/0001.png')


def misd(to):
    name = 'Sp_D_ani_00001_art_00002_138'
    mask = to.forged(f'Sp/{name}.png')
    halves = np.zeros((2, *SIZE), np.uint8)
    halves[0, :9], halves[1, 9:] = mask[:9], mask[9:]
    for number, half in enumerate(halves):
        to.write(f'Ground Truth Masks/{name}/masks/{number}.png', 255 * half)
    to.photograph(f'Ground Truth Masks/{name}/images/{name}.png', 'Au/Au_ani_00001.jpg')


def nist16(to):
    rows = []
    for number, kind in enumerate(('Splice', 'CopyClone', 'Removal')):
        mask = to.forged(f'NC2016/probe/NC2016_{number}.jpg')
        to.write(f'NC2016/mask/manipulation/{number}.png', 255 * (1 - mask))
        rows.append(_nist_row(f'probe/NC2016_{number}.jpg', kind, number))
    to.photograph('NC2016/probe/NC2016_9.jpg', 'NC2016/world/NC2016_77.jpg')
    rows.append(_nist_row('probe/NC2016_9.jpg', '', ''))
    path = 'NC2016/reference/manipulation/NC2016-manipulation-ref.csv'
    to.table(path, rows, '|')


def _nist_row(probe, kind, number):
    row = {'TaskID': 'manipulation', 'ProbeFileName': probe}
    row['ProbeMaskFileName'] = f'mask/manipulation/{number}.png' if kind else ''
    row['IsTarget'] = 'Y' if kind else 'N'
    row['BaseFileName'] = 'world/NC2016_77.jpg'
    for each in ('Splice', 'CopyClone', 'Removal'):
        row[f'IsManipulationType{each}'] = 'Y' if each == kind else 'N'
    return row


def cocoglide(to):
    rows = []
    for number in (114871, 49269):
        fake = f'fake/glide_inpainting_val2017_{number}_up.png'
        row = {'real': f'real/dining table_{number}.png', 'fake': fake}
        row['mask'] = f'mask/dining table_{number}_mask.png'
        to.write(row['mask'], 255 * to.forged(fake))
        to.photograph(row['real'])
        rows.append({**row, 'prompt': 'a table, laid'})
    to.table('table.csv', rows)


def openforensics(to):
    mask = to.forged('Train/9c541c578f.jpg')
    to.photograph('Train/0000000000.jpg')
    height, width = SIZE
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left = int(rows[0]), int(columns[0])
    bottom, right = int(rows[-1]) + 1, int(columns[-1]) + 1
    fake = [left, top, right, top, right, bottom, left, bottom]
    content = {
        'images': [
            {'id': n, 'file_name': f'Images/{path}', 'height': height, 'width': width}
            for n, path in enumerate(('Train/9c541c578f.jpg', 'Train/0000000000.jpg'))
        ],
        'categories': [{'id': 0, 'name': 'Real'}, {'id': 1, 'name': 'Fake'}],
        'annotations': [
            {'image_id': 0, 'category_id': 1, 'segmentation': [fake]},
            {'image_id': 0, 'category_id': 0, 'segmentation': [[0, 0, 3, 0, 3, 3]]},
            {'image_id': 1, 'category_id': 0, 'segmentation': [[0, 0, 3, 0, 3, 3]]},
        ],
    }
    (to.root / 'Train_poly.json').write_text(json.dumps(content))


def tampcoco(to):
    for kind in ('sp', 'cm', 'bcm'):
        name = f'82_000000190150_{kind}'
        mask = to.forged(f'{kind}_images/{name}.jpg')
        to.write(f'{kind}_masks/{name}.png', 255 * mask)
        line = f'{kind}_images/{name}.jpg,{kind}_masks/{name}.png\n'
        (to.root / f'{kind}_COCO_list.txt').write_text(line)


def folders(to):
    to.write('masks/a.png', 255 * to.forged('images/a.jpg'))
    to.write('masks/b/c.png', 255 * to.forged('images/b/c.jpg'))
    to.photograph('authentic/d.jpg')


def table(to):
    to.write('m/1.png', 255 * to.forged('x/a.jpg'))
    to.photograph('x/b.jpg')
    rows = [{'image': 'x/a.jpg', 'mask': 'm/1.png'}, {'image': 'x/b.jpg', 'mask': '-'}]
    to.table('pairs.csv', rows)


BUILDERS = {
    builder.__name__: builder
    for builder in (
        *(autosplice, casia_v1, casia_v2, cocoglide, columbia, coverage, defacto),
        *(dso1, faceforensics, folders, imd2020, in_the_wild, korus, misd, nist16),
        *(openforensics, table, tampcoco),
    )
}
