"""The segmentor: what each phase trains, its loss, and its predictions."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import SampleList
from torch import Tensor

from mpc_mmseg.models.decode_heads.forged_logit import check_head, forged_logit
from mpc_mmseg.models.input_filters.whole_photograph import padding_known
from mpc_mmseg.models.input_needs import needs_of
from mpc_mmseg.models.necks import MultiScaleProjection
from mpc_mmseg.openmmlab_notices import notices_left_out
from mpc_mmseg.probability import binarize, resize_probability
from mpc_mmseg.weights import complete_state_dict

from .channels_last import to_channels_last
from .mixed_sizes import size_by_size
from .padding import check_cover, masked_to, pad_to, rounded_up, to_image_frame

#: The parts that each phase trains.
PHASES = {
    'contrast': ('backbone', 'neck', 'projector'),
    'localize': ('decode_head',),
    'supervised': ('backbone', 'neck', 'decode_head'),
    'joint': ('backbone', 'neck', 'projector', 'decode_head'),
}


@MODELS.register_module()
class MPCSegmentor(BaseSegmentor):
    """Multi-view pixel contrast, then a head on frozen features (MPC, TIFS 2025).

    Phase ``contrast`` trains backbone and neck by the contrast between views and
    predicts by clustering. Phase ``localize`` trains the head alone; backbone and neck
    are frozen, in eval mode and without a graph. Phase ``supervised``, the method's
    baseline, trains all parts by the head's loss; phase ``joint`` by the head's loss
    plus ``contrast_weight`` times the contrast. All but ``contrast`` predict by the
    head.

    Args:
        backbone: Config of a backbone that returns maps of one or more scales.
        decode_head: Config of the head: any of mmseg's that takes maps alone, with
            one logit or two classes.
        neck: Config of the projection.
        contrast_loss: Config of the contrast; required for phase ``joint``.
        contrast_weight: Factor of the contrast in phase ``joint``.
        projector: Config of a network between the neck and the contrast (SimCLR, Chen
            et al., ICML 2020), such as `NonlinearProjector`: the head and predictions
            use the maps before it.
        cluster_head: Config of the head of phase 1.
        phase: The initial phase.
        frozen_eval: Keep frozen parts in eval mode; False is the released code's
            behaviour (BatchNorm statistics drift, stochastic depth on).
        channels_last: Run in the channels-last layout, about twice as fast for HRNet on
            a CPU, where it refuses narrow networks (`unsafe_on_cpu`).
        compile_backbone: ``torch.compile`` the backbone: True, or arguments of it.
        train_cfg: mmseg's, passed to the head.
        test_cfg: ``threshold``, the probability above which a pixel is forged; ``tta``,
            the kinds of test-time augmentation that the model tolerates, if others than
            its parts do (`input_needs`).
        data_preprocessor: Config of mmseg's ``SegDataPreProcessor``.
        pretrained: None, which ``mmseg.apis.init_model`` sets in any config.
        init_cfg: Config of the initialisation.

    Raises:
        ValueError: If the phase or a key of ``test_cfg`` is unknown, a number is out of
            range, or the phase, the head or one of its losses does not fit.
    """

    def __init__(
        self,
        backbone: dict,
        decode_head: dict,
        neck: dict | None = None,
        contrast_loss: dict | None = None,
        contrast_weight: float = 0.05,
        projector: dict | None = None,
        cluster_head: dict | None = None,
        phase: str = 'contrast',
        frozen_eval: bool = True,
        channels_last: bool = False,
        compile_backbone: bool | dict = False,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        pretrained: None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        if pretrained is not None:
            raise ValueError(
                f'set init_cfg of the backbone, not pretrained={pretrained}'
            )
        if not contrast_weight > 0:
            raise ValueError(f'contrast_weight must be positive, got {contrast_weight}')
        self.backbone = MODELS.build(backbone)
        self.neck = MODELS.build(neck) if neck is not None else None
        with notices_left_out():
            self.decode_head = MODELS.build(decode_head)
        check_head(self.decode_head)
        self.align_corners = self.decode_head.align_corners
        self.projector = MODELS.build(projector) if projector is not None else None
        self.contrast_named = contrast_loss is not None
        self.contrast_loss = MODELS.build(
            contrast_loss or dict(type='MultiViewPixelContrastLoss')
        )
        self.contrast_weight = contrast_weight
        self.cluster_head = MODELS.build(cluster_head or dict(type='ClusterHead'))
        self.frozen_eval = frozen_eval
        self.channels_last = channels_last
        if channels_last:
            to_channels_last(self)
        if compile_backbone is not False:
            options = {} if compile_backbone is True else compile_backbone
            self.backbone.compile(**options)
        self.train_cfg, self.test_cfg = train_cfg, test_cfg
        if unknown := sorted(set(test_cfg or {}) - {'threshold', 'tta'}):
            raise ValueError(
                f'test_cfg.{unknown[0]} is unknown: MPCSegmentor takes threshold and '
                'tta (sizes are set by data_preprocessor and the test pipeline)'
            )
        self.threshold = (test_cfg or {}).get('threshold', 0.5)
        if not 0 < self.threshold < 1:
            raise ValueError(
                f'test_cfg.threshold must be in (0, 1), got {self.threshold}'
            )
        self.input_multiple = needs_of(self).multiple
        # Parameters that the parts' configs do not freeze (frozen stages stay frozen).
        self._trainable = {
            name for name, p in self.named_parameters() if p.requires_grad
        }
        complete_state_dict(self)
        self.set_phase(phase)

    def set_phase(self, phase: str) -> None:
        """Enter a phase: freeze the other parts and drop stale gradients.

        Raises:
            ValueError: If the phase is unknown, or ``joint`` without ``contrast_loss``.
        """
        if phase not in PHASES:
            raise ValueError(f'phase must be one of {list(PHASES)}, got {phase!r}')
        if phase == 'joint' and not self.contrast_named:
            raise ValueError(
                "phase 'joint' adds the contrast to the head's loss, and the model has "
                "no contrast_loss: set one, or train with phase 'supervised'"
            )
        self.phase = phase
        # Images' names -> their maps, instead of the frozen parts.
        self.feature_source: Callable[[list[str]], list[Tensor]] | None = None
        for name, parameter in self.named_parameters():
            active = name.split('.')[0] in PHASES[phase]
            parameter.requires_grad_(active and name in self._trainable)
            parameter.grad = None
        self.train(self.training)

    @property
    def features_frozen(self) -> bool:
        """Whether backbone and neck are not trained in this phase."""
        return 'backbone' not in PHASES[self.phase]

    def train(self, mode: bool = True) -> 'MPCSegmentor':
        """Set the mode, keeping frozen parts in eval."""
        super().train(mode)
        if mode and self.features_frozen and self.frozen_eval:
            self.backbone.eval()
            if self.neck is not None:
                self.neck.eval()
        return self

    def extract_feat(self, inputs: Tensor, finest_only: bool = False) -> list[Tensor]:
        """Embedding maps (B, C, H_i, W_i), finest first, of inputs (B, 3, H, W).

        They cover the padded inputs. With ``finest_only`` a `MultiScaleProjection`
        skips the coarser maps and does not update their BatchNorm statistics.
        """
        if self.channels_last:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        if not torch.jit.is_tracing():  # an exported graph gets padded images
            inputs = pad_to(inputs, self.padded_size(inputs))
        with torch.set_grad_enabled(
            torch.is_grad_enabled() and not self.features_frozen
        ):
            maps = self.backbone(inputs)
            if finest_only and isinstance(self.neck, MultiScaleProjection):
                return self.neck(maps, finest_only=True)
            return list(maps if self.neck is None else self.neck(maps))

    def check_pipeline(self, steps: list[dict], test: bool) -> None:
        """Raises a ValueError for a pipeline that breaks a need (`input_needs`)."""
        needs_of(self).check_pipeline(steps, test)

    def padded_size(self, inputs: Tensor) -> tuple[int, int]:
        """(H, W) of inputs (B, 3, H, W), rounded up to what the maps cover exactly."""
        return rounded_up(inputs.shape[-2:], self.input_multiple)

    def _training_maps(self, inputs: Tensor, data_samples: SampleList) -> list[Tensor]:
        if self.feature_source is None:
            return self.extract_feat(inputs)
        maps = self.feature_source([s.metainfo['img_path'] for s in data_samples])
        # Stored maps are channels-last.
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        return [m.to(inputs.device, memory_format=layout) for m in maps]

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """Losses of the current phase.

        Args:
            inputs: (B, 3, H, W).
            data_samples: Samples with ``gt_sem_seg`` (1, H, W).
        """
        size = self.padded_size(inputs)
        shapes = [
            getattr(sample, 'img_shape', inputs.shape[-2:])[:2]
            for sample in data_samples
        ]
        data_samples = [masked_to(sample, size) for sample in data_samples]
        with padding_known(self, shapes, size):
            maps = self._training_maps(inputs, data_samples)
            check_cover(maps, size, self.input_multiple)
            if self.phase == 'contrast':
                return self._contrast(inputs, maps, data_samples)
            losses = self.decode_head.loss(maps, data_samples, self.train_cfg)
            if self.decode_head.out_channels == 1:
                # mmseg would count every pixel as predicted authentic.
                losses = {k: v for k, v in losses.items() if not k.endswith('acc_seg')}
            if self.phase == 'joint':
                for name, value in self._contrast(inputs, maps, data_samples).items():
                    is_loss = name.startswith('loss')
                    losses[name] = value * self.contrast_weight if is_loss else value
            return losses

    def _contrast(
        self, inputs: Tensor, maps: list[Tensor], data_samples: SampleList
    ) -> dict[str, Tensor]:
        second = None
        if self.contrast_loss.needs_second_pass:
            # The cross-modality contrast compares the finest maps alone.
            second = self.extract_feat(inputs, finest_only=True)[:1]
        if self.projector is not None:
            maps = self.projector(maps)
            second = second and self.projector(second)
        mask = torch.cat([sample.gt_sem_seg.data for sample in data_samples])
        losses, numbers = self.contrast_loss.losses_and_separation(maps, second, mask)
        return {**losses, **numbers}

    def _forward(
        self, inputs: Tensor, data_samples: SampleList | None = None
    ) -> Tensor:
        """Logits (B, 1, h, w) of "forged" at the head's own size."""
        maps = self.extract_feat(inputs)
        if self.phase == 'contrast':
            return self.cluster_head(maps)
        return forged_logit(self.decode_head, maps, self.test_cfg)

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Logits (B, 1, H, W) at the inputs' size, mmseg's interface."""
        height, width = inputs.shape[-2:]
        size = self.padded_size(inputs)
        logits = F.interpolate(self._forward(inputs), size, mode='bilinear')
        return logits[..., :height, :width]

    def test_step(self, data: dict) -> SampleList:
        """mmengine's, for a batch of any sizes."""
        return size_by_size(super().test_step, data)

    val_step = test_step

    @torch.no_grad()
    def predict(
        self, inputs: Tensor, data_samples: SampleList | None = None
    ) -> SampleList:
        """Probability map and mask of each image at its original size.

        Args:
            inputs: (B, 3, H, W).
            data_samples: Samples with ``ori_shape`` and ``img_shape``; None for maps at
                the inputs' size.

        Returns:
            The samples with ``forgery_prob`` (1, H, W) in 0..1, ``pred_sem_seg``
            (1, H, W) in {0, 1} and, of the cluster head, ``separation``.
        """
        if data_samples is None:
            shape = tuple(inputs.shape[-2:])
            data_samples = [
                SegDataSample(metainfo=dict(ori_shape=shape, img_shape=shape))
                for _ in range(len(inputs))
            ]
        size = self.padded_size(inputs)
        shapes = [sample.metainfo['img_shape'][:2] for sample in data_samples]
        with padding_known(self, shapes, size):
            logits = self._forward(inputs)
        check_cover([logits], size, self.input_multiple)
        prob = logits.float().sigmoid()
        for sample, single in zip(data_samples, prob):
            single = to_image_frame(single, size, sample.metainfo)
            resized = resize_probability(
                single[0].cpu().numpy(), sample.metainfo['ori_shape'][:2]
            )
            mask = binarize(resized, self.threshold)
            sample.forgery_prob = PixelData(data=torch.from_numpy(resized)[None])
            sample.pred_sem_seg = PixelData(
                data=torch.from_numpy(mask.astype('uint8'))[None]
            )
        if self.phase == 'contrast':
            separations = self.cluster_head.separation.tolist()
            for sample, separation in zip(data_samples, separations):
                sample.set_metainfo(dict(separation=separation))
        return data_samples
