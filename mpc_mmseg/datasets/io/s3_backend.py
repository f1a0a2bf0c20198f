"""Files in a bucket of S3, or of a compatible store."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mmengine import fileio
from mmengine.fileio import BaseStorageBackend, register_backend
from mmengine.fileio.backends import backends

if TYPE_CHECKING:
    from botocore.client import BaseClient

_NAME = 's3'
_ERRORS: dict[str, type[OSError]] = {
    **dict.fromkeys(('404', 'NoSuchBucket', 'NoSuchKey'), FileNotFoundError),
    **dict.fromkeys(('401', '403', 'AccessDenied'), PermissionError),
    **dict.fromkeys(('InvalidAccessKeyId', 'SignatureDoesNotMatch'), PermissionError),
}


class S3Backend(BaseStorageBackend):
    """MMEngine file backend that reads ``s3://BUCKET/KEY`` by boto3.

    Choose it by name, ``backend_args=dict(backend='s3')``: MMEngine itself reads
    ``s3://`` with ``petrel_client``, which is not published.

    Credentials, region and the endpoint of other stores than Amazon's are those that
    boto3 finds: environment (``AWS_PROFILE``, ``AWS_ENDPOINT_URL``, ...), files in
    ``~/.aws``, or the machine's role. Without credentials, requests are unsigned, which
    public buckets accept.

    Raises:
        FileNotFoundError: If the bucket or key does not exist.
        PermissionError: If access is refused.
        ConnectionError: If the store cannot be reached, or answers with an error.
    """

    def __getstate__(self) -> dict[str, Any]:
        # A client holds locks and sockets; each process opens its own.
        return {}

    def get(self, filepath: str | os.PathLike[str], limit: int | None = None) -> bytes:
        """The content of ``s3://BUCKET/KEY``, at most ``limit`` bytes of it."""
        address = urlsplit(str(filepath), allow_fragments=False)
        key = address.path.lstrip('/')
        if address.scheme != 's3' or not address.netloc or not key:
            raise ValueError(f'{filepath} must be an address s3://BUCKET/KEY')
        client = self._client
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = client.get_object(Bucket=address.netloc, Key=key)
            return answer['Body'].read(limit)
        except ClientError as error:
            code = error.response['Error'].get('Code', '')
            raise _ERRORS.get(code, ConnectionError)(f'{filepath}: {error}') from error
        except BotoCoreError as error:
            raise ConnectionError(f'{filepath}: {error}') from error

    def get_text(
        self, filepath: str | os.PathLike[str], encoding: str = 'utf-8'
    ) -> str:
        """The content of ``s3://BUCKET/KEY`` as text."""
        return self.get(filepath).decode(encoding)

    @cached_property
    def _client(self) -> BaseClient:
        try:
            import boto3
        except ImportError as error:
            raise ImportError('s3:// needs boto3: pip install boto3') from error
        from botocore import UNSIGNED
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        try:
            session = boto3.Session()
            signed = session.get_credentials() is not None
            config = Config(
                signature_version=None if signed else UNSIGNED,
                connect_timeout=10,
                retries=dict(mode='standard', total_max_attempts=3),
            )
            return session.client('s3', config=config)
        except BotoCoreError as error:
            raise ConnectionError(f'boto3 cannot be set up: {error}') from error


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """A file's content: ``s3://`` by this backend, others by MMEngine's own."""
    backend_args = dict(backend=_NAME) if str(path).startswith('s3://') else None
    return fileio.get(path, backend_args=backend_args)


if _NAME not in backends:  # never replace another package's
    register_backend(_NAME, S3Backend)
