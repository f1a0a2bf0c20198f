"""Files of a bucket, from a store on this machine that speaks S3's protocol."""

import pickle
import sys
from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest
from local_server import local_server
from mmengine import fileio

from mpc_mmseg.apis.zoo.zoo import Zoo, ZooEntry, fetch, format_index
from mpc_mmseg.datasets import LoadForgeryImage, S3Backend
from mpc_mmseg.hashing import sha256

pytest.importorskip('boto3')

ERROR = '<?xml version="1.0"?><Error><Code>{}</Code><Message>no</Message></Error>'


class Store(BaseHTTPRequestHandler):
    def do_GET(self):
        store = self.server
        store.asked.append((self.path, self.headers.get('Authorization')))
        path = self.path.partition('?')[0]
        if store.error:
            status, body = store.error[0], ERROR.format(store.error[1]).encode()
        elif path in store.files:
            status, body = 200, store.files[path]
        else:
            status, body = 404, ERROR.format('NoSuchKey').encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def store(monkeypatch, tmp_path):
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'):
        monkeypatch.delenv(name, raising=False)
    for name in ('AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv('AWS_EC2_METADATA_DISABLED', 'true')
    monkeypatch.setenv('AWS_DEFAULT_REGION', 'eu-central-1')
    monkeypatch.setenv('no_proxy', '*')
    with local_server(Store) as server:
        server.files, server.asked, server.error = {}, [], None
        monkeypatch.setenv('AWS_ENDPOINT_URL', server.address)
        # MMEngine keeps its backends; each test asks another store.
        fileio.io.backend_instances.clear()
        yield server


def test_mmengines_own_backend_is_not_replaced():
    found = fileio.backends.prefix_to_backends['s3']
    assert found is fileio.PetrelBackend


def test_an_address_is_read_unsigned_where_there_are_no_credentials(store):
    store.files['/zoo/team%20a/index.json'] = 'Größe'.encode()
    own = dict(backend='s3')
    text = fileio.get_text('s3://zoo/team a/index.json', backend_args=own)
    assert text == 'Größe'
    assert fetch('s3://zoo/team a/index.json', 100) == 'Größe'.encode()
    assert {signature for _, signature in store.asked} == {None}


def test_a_model_is_found_by_name_in_a_bucket(store, monkeypatch, tmp_path):
    monkeypatch.setenv('MPC_ZOO_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setenv('MPC_ZOO', 's3://zoo/forgery')
    content = b'weights'
    entry = ZooEntry(
        name='small',
        file='small_20260131-00000000.pth',
        sha256=sha256(content),
        size=len(content),
        config='small_config',
        card='small.md',
        terms='for tests',
    )
    store.files['/zoo/forgery/index.json'] = format_index([entry]).encode()
    store.files[f'/zoo/forgery/{entry.file}'] = content
    assert Zoo.from_environment().find('small').read_bytes() == content
    store.files[f'/zoo/forgery/{entry.file}'] = b'altered'
    assert Zoo.from_environment().find('small').read_bytes() == content
    (tmp_path / 'cache' / entry.sha256[:16] / entry.file).unlink()
    with pytest.raises(RuntimeError, match='damaged or was altered'):
        Zoo.from_environment().find('small')


def test_credentials_sign_the_request(store, monkeypatch):
    monkeypatch.setenv('AWS_ACCESS_KEY_ID', 'KEYNAME')
    monkeypatch.setenv('AWS_SECRET_ACCESS_KEY', 'secret')
    store.files['/zoo/a'] = b'a'
    assert S3Backend().get('s3://zoo/a') == b'a'
    ((_, signature),) = store.asked
    assert signature.startswith('AWS4-HMAC-SHA256 Credential=KEYNAME/')
    assert '/eu-central-1/s3/aws4_request' in signature


def test_photographs_load_from_a_bucket_in_another_process_too(store, tmp_path):
    from PIL import Image

    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    Image.fromarray(pixels).save(tmp_path / 'a.png')
    store.files['/data/a.png'] = (tmp_path / 'a.png').read_bytes()
    load = LoadForgeryImage(backend_args=dict(backend='s3'))
    for step in (load, pickle.loads(pickle.dumps(load))):
        found = step(dict(img_path='s3://data/a.png'))['img']
        np.testing.assert_array_equal(found[..., ::-1], pixels)
    used = S3Backend()
    used.get('s3://data/a.png')
    again = pickle.loads(pickle.dumps(used))
    assert again.get('s3://data/a.png') == store.files['/data/a.png']


@pytest.mark.parametrize(
    'error, kind',
    [
        (None, FileNotFoundError),
        ((403, 'AccessDenied'), PermissionError),
        ((400, 'InvalidBucketName'), ConnectionError),
    ],
)
def test_an_error_of_the_store_names_the_address(store, error, kind):
    store.error = error
    with pytest.raises(kind, match='s3://zoo/absent: '):
        S3Backend().get('s3://zoo/absent')
    with pytest.raises(ConnectionError, match='cannot download s3://zoo/absent'):
        fetch('s3://zoo/absent', 100)


def test_an_unreachable_store_and_a_missing_profile_are_named(store, monkeypatch):
    monkeypatch.setenv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9')
    backend = S3Backend()
    with pytest.raises(ConnectionError, match=r's3://zoo/a: .*127\.0\.0\.1:9'):
        backend.get('s3://zoo/a')
    monkeypatch.setenv('AWS_PROFILE', 'absent')
    with pytest.raises(ConnectionError, match='absent'):
        S3Backend().get('s3://zoo/a')


@pytest.mark.parametrize('address', ['s3://', 's3://zoo', 's3://zoo/', 'zoo/a'])
def test_what_is_no_address_is_named(address):
    with pytest.raises(ValueError, match='must be an address s3://BUCKET/KEY'):
        S3Backend().get(address)


def test_without_boto3_the_error_states_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'boto3', None)
    with pytest.raises(ImportError, match='pip install boto3'):
        S3Backend().get('s3://zoo/a')
    with pytest.raises(ValueError, match='pip install boto3'):
        fileio.io.backend_instances.clear()
        fetch('s3://zoo/a', 100)
