"""The time that each step of a pipeline takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mmengine.dataset import Compose


@dataclass
class Stage:
    """Number of calls of a step, by its class, and their total time."""

    name: str
    calls: int = 0
    seconds: float = 0.0


def innermost_steps(pipeline: Compose) -> Iterator[Any]:
    """A pipeline's transforms, including those inside RandomApply, RandomChoice etc."""
    for step in pipeline.transforms:
        if hasattr(step, 'transforms'):
            inner = step.transforms
            for each in inner if isinstance(inner, list) else [inner]:
                yield from innermost_steps(each)
        else:
            yield step


def watch_stages(pipeline: Compose) -> list[Stage]:
    """Measure the time of every innermost step of a pipeline.

    Args:
        pipeline: The steps; their ``transform`` is replaced.

    Returns:
        One entry per class of step, in the pipeline's order, updated as it runs.
    """
    stages: dict[str, Stage] = {}
    for step in innermost_steps(pipeline):
        name = type(step).__name__
        stage = stages.setdefault(name, Stage(name))
        step.transform = _timed(step.transform, stage)
    return list(stages.values())


def _timed(transform: Callable[[dict], Any], stage: Stage) -> Callable[[dict], Any]:
    def timed(results: dict) -> Any:
        begin = time.perf_counter()
        results = transform(results)
        stage.seconds += time.perf_counter() - begin
        stage.calls += 1
        return results

    return timed
