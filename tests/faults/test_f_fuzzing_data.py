"""Fuzzing of data: DNS queries, firmware images, pictures, settings."""

import datafuzz
import pytest
import settingsfuzz
from invariants import invariants
from mutator import Mutator, each
from pictures import Viewer, check
from settingsfuzz import client_of
from sim import Simulator, wait_until

NO_BROKER = "mqtt://127.0.0.1:1"
_LOG_BYTES = 8_192  # what is refused is logged, until the log is full


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    settings = {"mqtthost": "", "pubinterval": "0", "loglevel": "error"}
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER, settings) as made:
        made.wait_status("camera ready")
        assert '"framesize": 5' in made.command('camera {"framesize": "QVGA"}')
        made.get("/api/status")  # imports the pages
        yield made


def test_f5_dns_queries(tmp_path, row):
    """A query gets the response that RFC 1035 requires, or none."""
    mutator = Mutator(row.chance, datafuzz.QUERIES)
    times = row.times(10_000, 300)
    each(row, mutator, times, datafuzz.check_dns)
    answered = 0
    with Simulator(tmp_path, NO_BROKER, args=("--ap",)) as camera:
        camera.control("ap_client", count=1)
        camera.get("/api/status")
        datafuzz.dns_through_sockets(camera.facts["dns"], datafuzz.QUERIES)
        with invariants(camera, row):
            for _ in range(times // 20):
                queries = [data for data in (mutator() for _ in range(20)) if data]
                with row.injection(repr(queries)):
                    answered += datafuzz.dns_through_sockets(camera.facts["dns"], queries)
    row.figure("queries through sockets", times)
    row.figure("responses", answered)
    assert answered > times // 2


def test_f6_headers_of_images(camera, row):
    """The firmware accepts only images that esptool finds valid, and keeps no other upload."""
    mutator = Mutator(row.chance, datafuzz.IMAGES, datafuzz.IMAGE_PIECES)
    accepted, refused = [], []

    def parse(data):
        data = datafuzz.fixed(row.chance, data)
        (accepted if datafuzz.accepted_image(data) else refused).append(data)

    each(row, mutator, row.times(10_000, 300), parse)
    row.figure("valid images among them", len(accepted))
    assert accepted
    uploads = row.chance.sample(refused, row.times(300, 20))
    row.figure("uploads", len(uploads))
    with client_of(camera) as client:
        assert client.post("/update", content=refused[0]).status_code == 422  # imports the code
        before = camera.control("flash")
        with invariants(camera, row, longest_pause_ms=1_000, memory=_LOG_BYTES):
            for data in uploads:
                with row.injection(repr(data[:300])):
                    assert client.post("/update", content=data).status_code == 422
        assert camera.control("flash")["boot"] == before["boot"]


def test_f7_jpeg_data(camera, row):
    """A picture ends with its EOI; a stream delivers whole pictures, whatever the sensor gives."""
    mutator = Mutator(row.chance, datafuzz.PICTURES, datafuzz.PICTURE_PIECES)
    each(row, mutator, row.times(10_000, 300), datafuzz.check_jpeg)
    if row.full:  # the buffers of pictures are freed 10 s later
        with invariants(camera, row, memory=_LOG_BYTES):
            _through_the_sensor(camera, row, mutator, batches=50)


def _through_the_sensor(camera, row, mutator, batches, inputs=20):
    """Have the sensor deliver inputs; a stream must have those that are whole, and no others."""
    whole = delivered = 0
    for _ in range(batches):
        given = [mutator() for _ in range(inputs)]
        with row.injection(repr(given)):
            expected = {datafuzz.whole_picture(data) for data in given} - {b""}
            whole += len(expected)
            delivered += _view(camera, given, expected)
    row.figure("pictures of a sensor", batches * inputs)
    row.figure("whole", whole)
    row.figure("delivered", delivered)
    assert delivered


def _view(camera, given, expected):
    """View a stream while the sensor delivers `given`; return how many of them were whole."""
    pictures = [each for data in given for each in (data.hex(), None)]
    found = 0
    with Viewer(camera.facts["http"]) as viewer:
        viewer.head()
        viewer.part()
        camera.control("pictures", data=pictures)
        while camera.control("pictures")["left"]:
            _, picture = viewer.part()
            if picture in expected:
                found += 1
            else:
                check(picture, size=(320, 240))
    wait_until(lambda: camera.get("/api/status").json()["viewers"] == 0)
    return found


def test_f8_settings(camera, row):
    """Each setting has a valid value with any store; a form or JSON is whole, or is refused."""
    times = row.times(10_000, 300)
    stored = Mutator(row.chance, settingsfuzz.TEXTS)
    each(row, stored, times, lambda data: settingsfuzz.check_store(data, row.chance))
    form = Mutator(row.chance, settingsfuzz.FORMS, settingsfuzz.FORM_PIECES)
    each(row, form, times, settingsfuzz.check_form)
    json = Mutator(row.chance, settingsfuzz.OBJECTS, settingsfuzz.JSON_PIECES)
    posts = row.times(1_000, 30)
    row.figure("objects of JSON through sockets", posts)
    with client_of(camera) as client:
        for _ in range(20):  # names take their memory
            client.post("/api/settings", content=json())
        with invariants(camera, row):
            each(row, json, posts, lambda data: settingsfuzz.check_json(camera, client, data))
