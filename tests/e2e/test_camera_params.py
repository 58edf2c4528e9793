"""The camera's parameters over MQTT: what is answered, what the picture shows, what is kept."""

import io
import json
import statistics
import time

import pytest
from listener import Listener
from pictures import Viewer, frame_number
from PIL import Image, ImageChops, ImageOps, ImageStat
from sim import TOPIC, Simulator, wait_until

from proto.params import FRAMESIZES, PARAMS

SYNTAX = f"stat/{TOPIC}/SYNTAX"
FIRST = {name: first for name, _, _, first in PARAMS}
SMALL = {"framesize": "QVGA"}
DRIVERS = ("api", "driver")
LACKS = {
    "api": (),
    "driver": (
        "gainceiling colorbar awb agc aec awb_gain agc_gain aec_value aec2 dcw bpc wpc raw_gma"
        " lenc ae_level"
    ).split(),
}


@pytest.fixture(scope="module", params=DRIVERS)
def shared(request, broker, tmp_path_factory):
    folder, args = tmp_path_factory.mktemp("camera"), ["--driver", request.param]
    with Simulator(folder, broker.uri, {"pubinterval": "0"}, args) as made:
        made.lacks = LACKS[request.param]
        yield made


@pytest.fixture
def client(broker, shared):
    with Listener(broker.port) as made:
        made.wait(f"stat/{TOPIC}/timer")
        yield made


@pytest.fixture
def camera(shared, client):
    """The camera as it starts, but with small pictures."""
    shared.get("/capture")  # the sensor runs
    change(client, **{**first(shared), **SMALL})
    return shared


def first(camera):
    """The values at the first start, of what the driver offers."""
    return {name: value for name, value in FIRST.items() if name not in camera.lacks}


def lacks(camera, client, name, value):
    """Whether the driver lacks a parameter: then it says so by its name, and sets nothing."""
    if name not in camera.lacks:
        return False
    before = values(client)
    for wanted in ({name: value}, {"vflip": 1, name: value}, {name: value, "vflip": 1}):
        why = refused(client, json.dumps(wanted))
        assert why == f"camera: {name}: not offered by micropython-camera-driver"
    assert values(client) == before
    return True


def change(client, **parameters):
    """Set parameters; the answer."""
    return client.command("camera", json.dumps(parameters))


def refused(client, payload):
    """Why a payload was refused."""
    return client.command("camera", payload, reply="SYNTAX").splitlines()[0]


def values(client):
    return json.loads(client.command("camera"))


def picture(camera):
    image = Image.open(io.BytesIO(camera.get("/capture").content))
    image.load()
    return image


def scene(camera):
    """The part of a picture in which nothing moves and nothing is written, small and smooth."""
    image = picture(camera)
    width, height = image.size
    box = (0, height * 3 // 10, width, height * 7 // 10)
    return image.crop(box).resize((64, 16), Image.Resampling.BOX)


def apart(one, other):
    """Mean difference of two pictures, 0..255."""
    return statistics.mean(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def mean(image):
    return ImageStat.Stat(image).mean


# Values


def test_without_payload_all_are_told(camera, client):
    assert values(client) == {**first(camera), "framesize": 5}


@pytest.mark.parametrize(("name", "low", "high"), [row[:3] for row in PARAMS])
def test_parameter(camera, client, name, low, high):
    if lacks(camera, client, name, high):
        return
    for value in (str(low), high):
        assert change(client, **{name: value}) == str(value)
        assert values(client) == {**first(camera), **{"framesize": 5}, name: int(value)}
    for bad in (low - 1, high + 1, "much", "", None, True, 1.5, [1]):
        why = refused(client, json.dumps({name: bad}))
        assert name in why
    assert values(client)[name] == high


def test_save_takes_0_and_1(camera, client):
    assert change(client, save_to_nvs="0") == "0"
    assert "save_to_nvs" in refused(client, '{"save_to_nvs": "2"}')


@pytest.mark.parametrize(
    "payload", ["{}", "[]", "8", "{", "null", '{"framesize"}', '{"framsize": 8}', '{"": 1}']
)
def test_no_object_of_parameters(camera, client, payload):
    assert refused(client, payload).startswith("camera: ")
    assert values(client) == {**first(camera), "framesize": 5}


def test_all_or_none(camera, client):
    before = values(client)
    wanted = {"hmirror": 1, "contrast": 2, "brightness": 3, "quality": 20}
    assert "brightness" in refused(client, json.dumps(wanted))
    assert values(client) == before
    assert "nonsense" in refused(client, '{"vflip": 1, "nonsense": 1, "contrast": 1}')
    assert values(client) == before
    upright = scene(camera)
    if lacks(camera, client, "ae_level", 1):
        assert apart(upright, scene(camera)) < 6


def test_several_at_once(camera, client):
    assert change(client, hmirror="1", contrast=-1, quality="12") == "12"
    changed = {"framesize": 5, "hmirror": 1, "contrast": -1, "quality": 12}
    assert values(client) == {**first(camera), **changed}


# Pictures


@pytest.mark.parametrize("number", range(len(FRAMESIZES)))
def test_frame_size(camera, client, number):
    name, width, height = FRAMESIZES[number]
    assert change(client, framesize=str(number)) == str(number)
    assert picture(camera).size == (width, height)
    change(client, **SMALL)
    assert change(client, framesize=name.lower()) == str(number)
    assert picture(camera).size == (width, height)


def test_mirror_and_flip(camera, client):
    plain = scene(camera)
    change(client, hmirror=1)
    mirrored = scene(camera)
    assert apart(ImageOps.mirror(plain), mirrored) < 6 < apart(plain, mirrored)
    change(client, hmirror=0, vflip=1)
    flipped = scene(camera)
    assert apart(ImageOps.flip(plain), flipped) < 6 < apart(plain, flipped)


def test_brightness_contrast_saturation(camera, client):
    light, spread, colour = [], [], []
    for value in (-2, 0, 2):
        change(client, brightness=value)
        light.append(sum(mean(scene(camera))))
        change(client, brightness=0, contrast=value)
        spread.append(sum(ImageStat.Stat(scene(camera)).stddev))
        change(client, contrast=0, saturation=value)
        colour.append(mean(scene(camera).convert("HSV"))[1])
        change(client, saturation=0)
    for rising in (light, spread, colour):
        assert rising[0] < rising[1] - 5 < rising[2] - 10, rising


def test_colorbar(camera, client):
    if lacks(camera, client, "colorbar", 1):
        return
    change(client, colorbar=1)
    image = picture(camera)
    wanted = [(255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0)]
    wanted += [(255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0)]
    for count, colour in enumerate(wanted):
        seen = image.getpixel((count * 40 + 20, 200))
        assert all(abs(a - b) < 60 for a, b in zip(seen, colour)), (count, seen)


def test_special_effects(camera, client):
    plain = scene(camera)
    change(client, special_effect=1)
    assert apart(ImageOps.invert(plain), scene(camera)) < 8
    change(client, special_effect=2)
    red, green, blue = mean(scene(camera))
    assert max(red, green, blue) - min(red, green, blue) < 3
    for effect, channel in ((3, 0), (4, 1), (5, 2)):
        change(client, special_effect=effect)
        tinted = mean(scene(camera))
        gains = [a / b for a, b in zip(tinted, mean(plain))]
        assert gains.index(max(gains)) == channel
    change(client, special_effect=6)
    red, green, blue = mean(scene(camera))
    assert red > green > blue


def test_quality(camera, client):
    """Also while the night mode is on, which shares the sensor's bus with the driver."""
    change(client, nightmode=1)
    sizes = []
    for value in (20, 40, 60):
        change(client, quality=value)
        sizes.append(len(camera.get("/capture").content))
    assert sizes[0] > sizes[1] > sizes[2]


# What is kept


def test_saved_survives_a_restart_and_unsaved_does_not(camera, client):
    change(client, hmirror=1, framesize="CIF", save_to_nvs=1)
    change(client, vflip=1, framesize="VGA")
    since = len(client.messages)
    camera.power_cut()
    client.wait(f"stat/{TOPIC}/timer", since=since)
    assert values(client) == {**first(camera), "hmirror": 1, "framesize": 6}
    assert picture(camera).size == (400, 296)
    change(client, **first(camera), save_to_nvs=1)
    since = len(client.messages)
    camera.power_cut()
    client.wait(f"stat/{TOPIC}/timer", since=since)
    assert values(client) == first(camera)


def test_applied_again_after_an_init(camera, client):
    """The ladder's third rung starts the driver anew, which forgets everything."""
    change(client, framesize="CIF", special_effect=2, hmirror=1)
    camera.control("camera", fault="raise", count=3)
    wait_until(lambda: camera.get("/capture").status_code == 200, 15, "a picture")
    since = len(client.messages)
    camera.status()
    state = client.wait(f"tele/{TOPIC}/STATE", since=since)
    assert json.loads(state.payload)["Camera"]["Recoveries"]["reinit"] >= 1
    image = picture(camera)
    assert image.size == (400, 296)
    red, green, blue = mean(image.crop((0, 80, 400, 240)))
    assert max(red, green, blue) - min(red, green, blue) < 3  # without colour
    assert values(client) == {**first(camera), "framesize": 6, "special_effect": 2, "hmirror": 1}


@pytest.mark.parametrize("driver", DRIVERS)
def test_nightmode(driver, broker, tmp_path):
    """In real time: an eighth of the pictures, and all of them again."""
    settings = {"pubinterval": "0", "topic": "night"}
    args = ["--device-id", "DVES_00000A", "--driver", driver]
    with Simulator(tmp_path, broker.uri, settings, args, fast=False) as camera:
        camera.command('camera {"framesize": "HVGA"}')
        with Viewer(camera.facts["http"], "/stream") as viewer:
            viewer.head()
            day = period(viewer)
            wanted = 'camera {"nightmode": "1", "framesize": "SVGA"}'
            assert camera.command(wanted) == "9"  # the new size leaves the night mode on
            night = period(viewer)
            assert camera.command('camera {"nightmode": "0"}') == "0"
            again = period(viewer)
    print(day, night, again)
    assert night > 4 * day, (day, night, again)
    assert again < 1.5 * day, (day, night, again)


def period(viewer, count=3):
    """Seconds from one of the sensor's pictures to its next, once those under way have come.

    By their numbers: a busy PC leaves some out, and the sensor counts them all the same.
    """
    viewer.part()
    viewer.part()
    first, started = frame_number(viewer.part()[1]), time.monotonic()
    for _ in range(count):
        last = frame_number(viewer.part()[1])
    return (time.monotonic() - started) / (last - first)
