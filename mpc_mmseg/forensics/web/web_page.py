"""The web page: a thin skin of Gradio over `case_report` and `photo_views`.

Pictures and reports reach the browser inside the page, so the server writes none of
them. Gradio puts an upload into a folder of this process; it is deleted as soon as it
has been read. Analyses live in memory for as long as their visitor may want them.
"""

from html import escape
from pathlib import Path, PurePath
from typing import Any

import gradio as gr

from mpc_mmseg.forensics.case.case import score_in_words
from mpc_mmseg.forensics.case.case_report import Analysis, Examiner
from mpc_mmseg.forensics.evidence.file_metadata import plain_text
from mpc_mmseg.visualization.html_elements import heat_map_legend
from mpc_mmseg.visualization.overlay import colour_scale

from .photo_views import download_link, img_tag, overlay_view, similarity_view

_SECONDS = 1800
_QUEUE = 32
_HINT = '<p>Click a pixel to see which others the model holds to be alike.</p>'
_CLICK = """
element.addEventListener('click', event => {
  if (event.target.tagName !== 'IMG') return;
  const box = event.target.getBoundingClientRect();
  trigger('click', {x: (event.clientX - box.x) / box.width,
                    y: (event.clientY - box.y) / box.height});
});
"""


def build_page(examiner: Examiner, pixel_limit: int) -> gr.Blocks:
    """Builds the page.

    Args:
        examiner: With the model. One visitor at a time uses it; others queue.
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
            # Gradio stores equal uploads once, and another visitor's was read.
            return problem('The upload is gone; drop the photograph again')
        file.unlink(missing_ok=True)
        try:
            analysis = examiner.analyse(content, file.name, pixel_limit)
        except (OSError, ValueError) as error:
            return problem(plain_text(error))
        verdict, links = _verdict(examiner, analysis), _links(examiner, analysis)
        return analysis, draw(analysis, threshold, opacity), verdict, _HINT, links

    def problem(text: str) -> tuple[None, str, str, str, str]:
        return None, '', f'<p class="problem">{escape(text)}</p>', '', ''

    def draw(analysis: Analysis | None, threshold: float, opacity: float) -> str:
        if analysis is None:
            return ''
        jpeg, share = overlay_view(analysis, threshold, opacity)
        return (
            f'{img_tag(jpeg, "overlay")}<p><span class="key"></span>Probability above '
            f'{threshold:g}: {100 * share:.2f} % of the pixels.</p>'
        )

    def compare(analysis: Analysis | None, event: gr.EventData) -> str:
        if analysis is None:
            return ''
        try:
            jpeg, (x, y) = similarity_view(analysis, event.x, event.y)
        except ValueError as error:
            return f'<p class="problem">{escape(plain_text(error))}</p>'
        scale = heat_map_legend(colour_scale(), 'Similarity: 0 or less', '1')
        return (
            f'{img_tag(jpeg, "similarity")}<p>Similarity to the marked pixel ({x}, '
            f'{y}) as the model sees it.</p>{scale}'
        )

    with gr.Blocks(
        title='Image forgery localization',
        analytics_enabled=False,  # or Gradio reports its use to its makers
        delete_cache=(600, 600),
    ) as page:
        analysis = gr.State(None, time_to_live=_SECONDS)
        gr.HTML(
            '<h1>Where was this photograph forged?</h1><p>A marked region is a reason '
            'to look, no proof; nothing found is no proof either.</p>'
        )
        upload = gr.File(label='Photograph', type='filepath', elem_id='upload')
        verdict = gr.HTML(elem_id='verdict')
        with gr.Row():
            threshold = gr.Slider(
                0, 1, start, step=0.01, label='Threshold', elem_id='threshold'
            )
            opacity = gr.Slider(
                0, 1, 0.35, step=0.05, label='Opacity', elem_id='opacity'
            )
        with gr.Row():
            # One below the other where a window is narrow.
            with gr.Column(min_width=320):
                overlay = gr.HTML(elem_id='overlay', js_on_load=_CLICK, min_height=60)
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
            concurrency_limit=1,
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


def _verdict(examiner: Examiner, analysis: Analysis) -> str:
    """What the score means, and how far to rely on it."""
    calibration = examiner.inferencer.model.image_calibration
    prediction = analysis.prediction
    said = ' '.join(score_in_words(prediction, calibration)[:2])
    verdict = str(prediction.verdict or 'no verdict').capitalize()
    level = analysis.reliability['level'] or 'unknown'
    return (
        f'<p><b>{escape(verdict)}.</b> {escape(said)}</p>'
        f'<p class="reliability {level}"><b>How far to rely on it.</b> '
        f'{escape(analysis.reliability["meaning"])}</p>'
    )


def _links(examiner: Examiner, analysis: Analysis) -> str:
    report, stem = examiner.report(analysis), PurePath(analysis.name).stem
    links: list[Any] = [
        download_link(text, f'{stem}_case.{kind}', f'Case report, {label}', media)
        for text, kind, label, media in (
            (report.html, 'html', 'to read and print', 'text/html'),
            (report.json, 'json', 'as data', 'application/json'),
        )
    ]
    threshold = examiner.inferencer.threshold
    return (
        f'<p>{" | ".join(links)} (sealed; at the threshold of the model, {threshold:g},'
        ' whatever the slider says)</p>'
    )
