"""The web page: a thin skin of Gradio over `case_report` and `photo_views`.

Pictures and reports reach the browser inside the page, so the server writes none of
them. Gradio puts an upload into a folder of this process; it is deleted when it has
been read, and the folder when the server ends. Analyses live in memory for as long as
their visitor may want them.
"""

import os
from html import escape
from pathlib import Path, PurePath
from typing import Any

from .case_report import Analysis, Examiner
from .file_metadata import plain_text
from .photo_views import download_link, img_tag, overlay_picture, similarity_picture

# Before Gradio is imported: it reports its use to its makers unless told not to.
os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'
os.environ['HF_HUB_DISABLE_TELEMETRY'] = '1'
os.environ['HF_HUB_OFFLINE'] = '1'

import gradio as gr

#: What the browser may load: Gradio's own scripts need eval, and nothing else.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' "
    "'unsafe-eval' blob:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; form-action 'self'"
)
#: An analysis keeps its embeddings: about 64 MiB of a network of four scales at 512.
_SESSIONS, _SECONDS = 16, 1800
_QUEUE = 32
_CLICK = """
element.addEventListener('click', event => {
  if (event.target.tagName !== 'IMG') return;
  const box = event.target.getBoundingClientRect();
  trigger('click', {x: (event.clientX - box.x) / box.width,
                    y: (event.clientY - box.y) / box.height});
});
"""
_CSS = """
#overlay img, #similarity img { width: 100%; height: auto; }
#overlay img { cursor: crosshair; }
footer { display: none !important; }
"""


class PolicyHeader:
    """ASGI middleware that sends `POLICY` with every answer."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_policy(message: dict[str, Any]) -> None:
            if message['type'] == 'http.response.start':
                own = [
                    (b'content-security-policy', POLICY.encode()),
                    (b'referrer-policy', b'no-referrer'),
                    (b'x-content-type-options', b'nosniff'),
                ]
                message = {**message, 'headers': [*message.get('headers', ()), *own]}
            await send(message)

        await self.app(scope, receive, send_with_policy)


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
        except FileNotFoundError as error:
            # Gradio stores equal uploads once, and another visitor's was read.
            raise gr.Error('The upload is gone; drop the photograph again') from error
        file.unlink(missing_ok=True)
        try:
            analysis = examiner.analyse(content, file.name, pixel_limit)
        except (OSError, ValueError) as error:
            raise gr.Error(plain_text(error)) from error
        report = examiner.report(analysis)
        stem = PurePath(file.name).stem
        links = [
            download_link(text, f'{stem}_case.{kind}', f'Case report, {kind}', media)
            for text, kind, media in (
                (report.html, 'html', 'text/html'),
                (report.json, 'json', 'application/json'),
            )
        ]
        return (analysis, *draw(analysis, threshold, opacity), '', ' | '.join(links))

    def draw(
        analysis: Analysis | None, threshold: float, opacity: float
    ) -> tuple[str, str]:
        if analysis is None:
            return '', ''
        jpeg, share = overlay_picture(analysis, threshold, opacity)
        prediction = analysis.prediction
        probability = prediction.forged_probability
        said = (
            f'Highest value of the map {prediction.image_score:.3f}; no verdict, the '
            'model was not calibrated.'
            if probability is None
            else f'{str(prediction.verdict).capitalize()}: calibrated probability '
            f"{probability:.3f} at the model's own settings."
        )
        text = f'{said} {100 * share:.2f} % of the pixels exceed {threshold:g}.'
        return img_tag(jpeg, 'overlay'), f'<p>{escape(text)}</p>'

    def compare(analysis: Analysis | None, event: gr.EventData) -> str:
        if analysis is None:
            return ''
        try:
            jpeg, (x, y) = similarity_picture(analysis, event.x, event.y)
        except ValueError as error:
            raise gr.Error(plain_text(error)) from error
        return (
            f'{img_tag(jpeg, "similarity")}<p>Similarity to pixel ({x}, {y}) as the '
            'model sees it: bright is alike.</p>'
        )

    with gr.Blocks(
        title='Image forgery localization',
        analytics_enabled=False,
        delete_cache=(600, 600),
    ) as page:
        analysis = gr.State(None, time_to_live=_SECONDS)
        gr.HTML(
            '<h1>Where was this photograph forged?</h1><p>A bright region is a reason '
            'to look, no proof; nothing found is no proof either.</p>'
        )
        upload = gr.File(label='Photograph', type='filepath', elem_id='upload')
        with gr.Row():
            threshold = gr.Slider(
                0, 1, start, step=0.01, label='Threshold', elem_id='threshold'
            )
            opacity = gr.Slider(
                0, 1, 0.35, step=0.05, label='Opacity', elem_id='opacity'
            )
        verdict = gr.HTML(elem_id='verdict')
        with gr.Row():
            overlay = gr.HTML(elem_id='overlay', js_on_load=_CLICK, min_height=60)
            similarity = gr.HTML(elem_id='similarity', js_on_load=None, min_height=60)
        links = gr.HTML(elem_id='links', js_on_load=None)
        gr.HTML('<p>Click a pixel to see which others the model holds to be alike.</p>')

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
                [overlay, verdict],
                api_visibility='private',
                trigger_mode='always_last',
                show_progress='hidden',
            )
        overlay.click(compare, [analysis], [similarity], api_visibility='private')
    return page.queue(max_size=_QUEUE)


def serve(
    page: gr.Blocks,
    host: str = '127.0.0.1',
    port: int = 7860,
    max_file_size: int = 64 * 2**20,
    block: bool = True,
) -> str:
    """Serves the page until interrupted.

    Args:
        page: Of `build_page`.
        host: Address to listen on; by default only this machine can reach it.
        port: To listen on.
        max_file_size: Larger uploads are refused, in bytes.
        block: Whether to wait for the end.

    Returns:
        The page's address.
    """
    from starlette.middleware import Middleware

    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        share=False,
        quiet=True,
        max_file_size=max_file_size,
        show_error=True,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        run_history=False,
        footer_links=[],
        state_session_capacity=_SESSIONS,
        theme=gr.themes.Default(font='sans-serif', font_mono='monospace'),
        css=_CSS,
        app_kwargs={
            'middleware': [Middleware(PolicyHeader)],
            'docs_url': None,
            'redoc_url': None,
        },
        prevent_thread_lock=not block,
    )
    return address
