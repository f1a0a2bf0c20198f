"""Talks to the web page's server as its own scripts do, without a browser."""

import json
import urllib.request
import uuid


class Visitor:
    """One visitor of the page.

    Args:
        address: Address of the server.
    """

    def __init__(self, address):
        self.api = f'{address}gradio_api'
        self.session = uuid.uuid4().hex
        with urllib.request.urlopen(f'{address}config') as answer:
            config = json.load(answer)
        parts = {part['id']: part['props'] for part in config['components']}
        self.functions = {
            (parts[target].get('elem_id'), event): function['id']
            for function in config['dependencies']
            for target, event in function['targets']
        }

    def upload(self, name, content):
        """Gives the file's path on the server."""
        boundary = uuid.uuid4().hex
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="files"; '
            f'filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        ).encode()
        request = urllib.request.Request(
            f'{self.api}/upload',
            body + content + f'\r\n--{boundary}--\r\n'.encode(),
            {'Content-Type': f'multipart/form-data; boundary={boundary}'},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)[0]

    def ask(self, part, event, data):
        """Queues up, waits, and gives what the server answers in the end."""
        body = {
            'data': data,
            'fn_index': self.functions[part, event],
            'session_hash': self.session,
        }
        request = urllib.request.Request(
            f'{self.api}/queue/join',
            json.dumps(body).encode(),
            {'Content-Type': 'application/json'},
        )
        urllib.request.urlopen(request).close()
        address = f'{self.api}/queue/data?session_hash={self.session}'
        with urllib.request.urlopen(address, timeout=120) as events:
            for line in events:
                if not line.startswith(b'data:'):
                    continue
                message = json.loads(line[5:])
                if message['msg'] == 'process_completed':
                    return message
        raise RuntimeError('the server hung up')

    def examine(self, name, content, threshold=0.5, opacity=0.35):
        """Uploads a photograph and gives the answer."""
        path = self.upload(name, content)
        file = {
            'path': path,
            'orig_name': name,
            'meta': {'_type': 'gradio.FileData'},
        }
        return self.ask('upload', 'change', [file, threshold, opacity])
