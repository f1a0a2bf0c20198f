"""The web page: a thin layer of Gradio over `case_report` and `photo_views`.

Pictures and reports are embedded in the page, so the server does not write them to
disk. Gradio stores an upload in a folder of this process; it is deleted as soon as it
has been read. Analyses stay in memory while their visitor may use them.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path, PurePath

import gradio as gr

from mpc_mmseg.forensics.case.case import Analysis, meaning_of
from mpc_mmseg.forensics.case.case_report import Examiner
from mpc_mmseg.plain_text import plain_text
from mpc_mmseg.visualization.pages import data_url, render_part, source
from mpc_mmseg.visualization.pictures import colour_scale

from .photo_views import overlay_view, similarity_view

_SECONDS = 1800
_QUEUE = 32
_FORGOTTEN = (
    'Upload a photograph. Analyses are kept for half an hour, and of the latest '
    'visitors only.'
)
_part = partial(render_part, 'web_page.html')


def build_page(examiner: Examiner, pixel_limit: int) -> gr.Blocks:
    """Builds the page.

    Args:
        examiner: With the model. It serves one visitor at a time; others wait.
        pixel_limit: Photographs of more pixels are refused.
    """
    start = examiner.inferencer.threshold

    def examine(
        path: str | None, threshold: float, opacity: float
    ) -> tuple[Analysis | None, str, str, str, str]:
        if path is None:
            return None, '', '', '', ''
        file = Path(path)
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            # Gradio stores equal uploads once; another visitor's was read first.
            return problem('The upload was removed: upload the photograph again')
        file.unlink(missing_ok=True)
        try:
            analysis = examiner.analyse(content, file.name, pixel_limit)
        except (OSError, ValueError) as error:
            return problem(plain_text(error))
        verdict, links = _verdict(analysis), _links(examiner, analysis)
        overlay = draw(analysis, threshold, opacity)
        return analysis, overlay, verdict, _part('hint'), links

    def problem(text: str) -> tuple[None, str, str, str, str]:
        return None, '', _part('problem', text), '', ''

    def draw(analysis: Analysis | None, threshold: float, opacity: float) -> str:
        if analysis is None:
            return _part('problem', _FORGOTTEN)
        picture, share = overlay_view(analysis, threshold, opacity)
        return _part('overlay', picture, threshold, share)

    def compare(analysis: Analysis | None, event: gr.EventData) -> str:
        if analysis is None:
            return _part('problem', _FORGOTTEN)
        try:
            picture, (x, y) = similarity_view(analysis, event.x, event.y)
        except ValueError as error:
            return _part('problem', plain_text(error))
        return _part('similarity', picture, x, y, colour_scale())

    with gr.Blocks(
        title='Image forgery localization',
        analytics_enabled=False,  # or Gradio sends usage data to its developers
        delete_cache=(600, 600),
    ) as page:
        analysis = gr.State(None, time_to_live=_SECONDS)
        gr.HTML(_part('introduction'))
        upload = gr.File(label='Photograph', type='filepath', elem_id='upload')
        # Not a subclass, for which Gradio would write a file beside this one.
        store = upload.async_move_resource_to_block_cache
        upload.async_move_resource_to_block_cache = partial(_stored, store)  # type: ignore[method-assign]
        verdict = gr.HTML(elem_id='verdict')
        with gr.Row():
            threshold = gr.Slider(
                0, 1, start, step=0.01, label='Threshold', elem_id='threshold'
            )
            opacity = gr.Slider(
                0, 1, 0.35, step=0.05, label='Opacity', elem_id='opacity'
            )
        with gr.Row():
            # Stacked in a narrow window.
            with gr.Column(min_width=320):
                overlay = gr.HTML(
                    elem_id='overlay', js_on_load=source('web_page.js'), min_height=60
                )
            with gr.Column(min_width=320):
                similarity = gr.HTML(
                    elem_id='similarity', js_on_load=None, min_height=60
                )
        links = gr.HTML(elem_id='links', js_on_load=None)

        inputs = [analysis, threshold, opacity]
        upload.change(
            examine,
            [upload, threshold, opacity],
            [analysis, overlay, verdict, similarity, links],
            api_visibility='private',
            # A slow file does not keep others waiting; the model serves one at a time.
            concurrency_limit=4,
        )
        for slider in (threshold, opacity):
            slider.change(
                draw,
                inputs,
                [overlay],
                api_visibility='private',
                trigger_mode='always_last',
                show_progress='hidden',
            )
        overlay.click(compare, [analysis], [similarity], api_visibility='private')
    return page.queue(max_size=_QUEUE)


async def _stored(
    store: Callable[[str | Path | None], Awaitable[str | None]],
    url_or_file_path: str | Path | None,
) -> str | None:
    """Stores an upload as Gradio does, but fetches no address given in its place."""
    if '://' in str(url_or_file_path):
        raise ValueError('only uploads are examined')
    return await store(url_or_file_path)


def _verdict(analysis: Analysis) -> str:
    """The meaning of the score, and its reliability."""
    meaning = meaning_of(analysis.prediction)[:2]
    return _part('verdict', meaning, analysis.reliability)


def _links(examiner: Examiner, analysis: Analysis) -> str:
    """The report's files embedded in their links, so that the server keeps none."""
    report, stem = examiner.report(analysis), PurePath(analysis.name).stem
    files = [
        (f'{stem}_case.{kind}', label, data_url(text.encode('utf-8'), media))
        for text, kind, label, media in (
            (report.html, 'html', 'Case report, to read and print', 'text/html'),
            (report.json, 'json', 'Case report, as data', 'application/json'),
        )
    ]
    return _part('links', files, examiner.inferencer.threshold)
