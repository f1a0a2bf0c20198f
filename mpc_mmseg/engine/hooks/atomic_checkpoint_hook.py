"""Checkpoints that survive a kill and a move."""

import os
import os.path as osp
import shutil
from contextlib import suppress
from glob import escape, glob
from statistics import fmean
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub
from mmseg.registry import HOOKS

from mpc_mmseg.engine.checkpoints.checkpoint_files import is_complete, latest_checkpoint
from mpc_mmseg.openmmlab_notices import notices_left_out

#: Key of a checkpoint for older best ones that were still to be deleted.
_SUPERSEDED = 'superseded_best'
#: Key for the mean AP of the best one; begins like the scores that a phase forgets.
_BEST_AP = 'best_score mean AP'


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """MMEngine's ``CheckpointHook``, safe against kills and moved folders.

    A checkpoint is written atomically, ``last_checkpoint`` is updated, and only then
    are older files deleted. A resumed run takes the latest complete checkpoint.
    Checkpoints name the best one without its folder, so that a run in a copied work dir
    does not touch the original. The best one of each phase is also ``best_PHASE.pth``,
    that of the last phase ``best.pth``. Of equal scores the one with the higher mean
    ``pooled_AP`` is the best. Arguments are those of ``CheckpointHook`` except
    ``backend_args``: files are on a local disk.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        backend_args = dict(backend='AtomicLocalBackend')
        super().__init__(*args, backend_args=backend_args, **kwargs)

    def before_run(self, runner) -> None:
        """Choose the checkpoint to resume from, before the runner loads it."""
        if not runner._resume:
            return
        chosen = runner._load_from
        if chosen is None:
            runner._load_from = latest_checkpoint(runner.work_dir, self.out_dir)
        elif osp.exists(chosen) and not is_complete(chosen):
            raise RuntimeError(
                f'cannot resume from {chosen}, which is incomplete or damaged; '
                '--resume without a path takes the latest complete one of the work dir'
            )

    @notices_left_out()
    def before_train(self, runner) -> None:
        """Point the hook to the files of this work dir."""
        super().before_train(runner)
        info = runner.message_hub.runtime_info
        for key in [k for k in info if k.startswith('best_ckpt')]:
            runner.message_hub.update_info(key, self._own(info[key]))
        for name, path in self._best().items():
            self._set_best(name, path and self._own(path))
        if runner.iter > 0:
            # So that the first new best checkpoint is recorded at once.
            self.last_ckpt = self._own(self.filename_tmpl.format(runner.iter))
        kept = {osp.basename(path) for path in self._best().values() if path}
        for name in runner.message_hub.runtime_info.get(_SUPERSEDED, []):
            if name not in kept:
                self._remove(self._own(name))
        if is_main_process():
            for path in glob(osp.join(escape(self.out_dir), '*.unfinished')):
                os.remove(path)
        self._name_best(runner)  # a killed run may have named another one

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Store names of checkpoints without their folder."""
        info = checkpoint['message_hub']['runtime_info']
        for key in info:
            if key.startswith(('best_ckpt', 'last_ckpt')) and info[key]:
                info[key] = osp.basename(info[key])

    def _own(self, path: str) -> str:
        return osp.join(self.out_dir, osp.basename(path))

    def _best(self) -> dict[str, str | None]:
        if not self.save_best:
            return {}
        if len(self.key_indicators) == 1:
            return {'': self.best_ckpt_path}  # 'auto' gets its name later
        return dict(self.best_ckpt_path_dict)

    def _set_best(self, name: str, path: str | None) -> None:
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = path
        else:
            self.best_ckpt_path_dict[name] = path

    def _name_best(self, runner) -> None:
        """Gives the phase's best checkpoint its names without an iteration."""
        path = next(filter(None, self._best().values()), None)
        if path is None or not is_main_process() or not osp.isfile(path):
            return
        model = getattr(runner.model, 'module', runner.model)
        for name in ('best.pth', f'best_{getattr(model, "phase", "model")}.pth'):
            unfinished = self._own(f'{name}.unfinished')
            with suppress(FileNotFoundError):
                os.remove(unfinished)
            try:
                os.link(path, unfinished)
            except OSError:  # a file system without links
                shutil.copyfile(path, unfinished)
            os.replace(unfinished, self._own(name))
            # Renaming one link of a file to another one does nothing.
            with suppress(FileNotFoundError):
                os.remove(unfinished)

    def _remove(self, path: str) -> None:
        if is_main_process() and osp.isfile(path):
            os.remove(path)

    @notices_left_out()
    def _save_best_checkpoint(self, runner, metrics) -> None:
        # MMEngine deletes the old best before it writes the new one, so the old one is
        # hidden from it. Once this returns, the last checkpoint names the new.
        old = self._best()
        for name in old:
            self._set_best(name, None)
        if len(old) == 1:
            self._break_tie(runner.message_hub, metrics)
        # Killed between naming the new and deleting the old, the next run deletes it.
        names = [osp.basename(path) for path in old.values() if path]
        runner.message_hub.update_info(_SUPERSEDED, names)
        super()._save_best_checkpoint(runner, metrics)
        for name, path in self._best().items():
            before = old.get(name)
            if path is None:
                self._set_best(name, before)
            elif before is not None and before != path:
                self._remove(before)
        if self._best() != old:
            self._name_best(runner)
        # Later checkpoints name none: the last best of a phase stays when the next
        # phase begins without any.
        runner.message_hub.update_info(_SUPERSEDED, [])

    def _break_tie(self, hub: MessageHub, metrics: dict[str, float]) -> None:
        key = self.key_indicators[0]
        found = [v for k, v in metrics.items() if k.endswith('/pooled_AP')]
        if not found or metrics.get(key) is None:
            return
        precision, best = fmean(found), hub.runtime_info.get('best_score')
        if metrics[key] == best and precision > hub.runtime_info.get(_BEST_AP, 1.0):
            hub.pop_info('best_score')  # MMEngine takes the next for better
            best = None
        if best is None or self.is_better_than[key](metrics[key], best):
            hub.update_info(_BEST_AP, precision)

    @notices_left_out()
    def _save_checkpoint_with_step(self, runner, step, meta) -> None:
        # As MMEngine does it, but old files are deleted last.
        outdated = []
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                outdated.append(self.keep_ckpt_ids.popleft())
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self._own(name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if not is_main_process():
            return
        self.file_backend.put_text(
            osp.relpath(self.last_ckpt, runner.work_dir),
            osp.join(runner.work_dir, 'last_checkpoint'),
        )
        for old in outdated:
            self._remove(self._own(self.filename_tmpl.format(old)))
