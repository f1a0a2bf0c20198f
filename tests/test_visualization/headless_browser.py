"""A real browser without a window, driven through Chromium's DevTools protocol.

Through the pipes of ``--remote-debugging-pipe``: no port, no driver, no package.
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import time

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
FLAGS = (
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--remote-debugging-pipe',
)  # fmt: skip


def find_browser():
    """Gives the path of an installed browser, or None; BROWSER_BINARY names another."""
    names = (os.environ.get('BROWSER_BINARY'), *NAMES)
    return next((path for n in names if n and (path := shutil.which(n))), None)


class Browser:
    """One page in one browser.

    Args:
        binary: Of `find_browser`.
        profile: An empty folder.
    """

    def __init__(self, binary, profile):
        read_commands, self._commands = os.pipe()
        self._answers, write_answers = os.pipe()
        ends = {read_commands: 3, write_answers: 4}

        def place():
            # The browser reads commands from descriptor 3 and answers on 4. First out
            # of the way, since a pipe may have got one of these numbers.
            high = {os.dup2(end, 50 + number): number for end, number in ends.items()}
            for end, number in high.items():
                os.dup2(end, number)

        self.process = subprocess.Popen(
            [binary, *FLAGS, f'--user-data-dir={profile}'],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=place,
        )
        os.close(read_commands)
        os.close(write_answers)
        self._buffer = b''
        self._number = 0
        self.errors = []
        self.requests = []
        target = self._call('Target.createTarget', url='about:blank')['targetId']
        self._session = None
        self._session = self._call(
            'Target.attachToTarget', targetId=target, flatten=True
        )['sessionId']
        for domain in ('Page', 'Runtime', 'Network', 'Log'):
            self._call(f'{domain}.enable')

    def open(self, url):
        """Loads a page, and waits until it is there."""
        self._call('Page.navigate', url=url)
        deadline = time.monotonic() + 60
        while self.run('document.readyState + document.URL') != f'complete{url}':
            if time.monotonic() > deadline:
                raise TimeoutError(f'{url} did not load')
            time.sleep(0.02)

    def run(self, script):
        """Evaluates JavaScript in the page, and gives its value."""
        answer = self._call(
            'Runtime.evaluate',
            expression=script,
            returnByValue=True,
            awaitPromise=True,
        )
        if 'exceptionDetails' in answer:
            raise RuntimeError(answer['exceptionDetails'])
        return answer['result'].get('value')

    def click(self, selector):
        """Presses and releases the mouse in the middle of an element."""
        point = self.run(
            f'(() => {{ const e = document.querySelector({json.dumps(selector)});'
            "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            'return [b.x + b.width / 2, b.y + b.height / 2]; })()'
        )
        for kind in ('mousePressed', 'mouseReleased'):
            self._call(
                'Input.dispatchMouseEvent',
                type=kind,
                x=point[0],
                y=point[1],
                button='left',
                clickCount=1,
            )
        # What a click leaves for later has happened after this.
        self.run('new Promise(done => setTimeout(done, 20))')

    def type(self, selector, text):
        """Clicks into a field, and types."""
        self.click(selector)
        self._call('Input.insertText', text=text)

    def choose_file(self, selector, path):
        """Puts a file into a field for files."""
        root = self._call('DOM.getDocument')['root']['nodeId']
        node = self._call('DOM.querySelector', nodeId=root, selector=selector)
        self._call('DOM.setFileInputFiles', files=[str(path)], nodeId=node['nodeId'])

    def download(self, selector, folder):
        """Clicks a link that saves a file, and gives the file when it is there."""
        self._call(
            'Page.setDownloadBehavior', behavior='allow', downloadPath=str(folder)
        )
        self.click(selector)
        deadline = time.monotonic() + 30
        while not (files := [f for f in folder.glob('*') if f.suffix != '.crdownload']):
            if time.monotonic() > deadline:
                raise TimeoutError(f'{selector} saved nothing')
            time.sleep(0.02)
        return files[0]

    def screenshot(self, path):
        """Writes the page, all of its height, as a PNG file."""
        shot = self._call(
            'Page.captureScreenshot', format='png', captureBeyondViewport=True
        )
        path.write_bytes(base64.b64decode(shot['data']))

    def width(self, pixels):
        """Makes the window that wide."""
        self._call(
            'Emulation.setDeviceMetricsOverride',
            width=pixels,
            height=800,
            deviceScaleFactor=1,
            mobile=False,
        )

    def medium(self, name):
        """Shows the page as for 'print' or 'screen'."""
        self._call('Emulation.setEmulatedMedia', media=name)

    def close(self):
        """Ends the browser."""
        with contextlib.suppress(Exception):
            self._session = None
            self._call('Browser.close')
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._commands)
        os.close(self._answers)

    def _call(self, method, **params):
        self._number += 1
        message = {'id': self._number, 'method': method, 'params': params}
        if getattr(self, '_session', None):
            message['sessionId'] = self._session
        os.write(self._commands, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._next()
            if answer.get('id') == self._number:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']
            self._note(answer)

    def _note(self, event):
        params = event.get('params', {})
        if event.get('method') == 'Runtime.exceptionThrown':
            self.errors.append(params['exceptionDetails'])
        elif event.get('method') == 'Log.entryAdded':
            self.errors.append(params['entry'])
        elif event.get('method') == 'Network.requestWillBeSent':
            self.requests.append(params['request']['url'])

    def _next(self):
        while b'\0' not in self._buffer:
            block = os.read(self._answers, 2**16)
            if not block:
                raise RuntimeError('the browser has ended')
            self._buffer += block
        message, self._buffer = self._buffer.split(b'\0', 1)
        return json.loads(message)
