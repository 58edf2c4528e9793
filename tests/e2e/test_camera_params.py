"""Camera parameters over MQTT: replies, effect on the picture, persistence."""

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
    """Camera with initial parameters, but small pictures."""
    shared.get("/capture")  # starts the sensor
    change(client, **{**first(shared), **SMALL})
    return shared


def first(camera):
    """Return the initial values of the parameters that the driver supports."""
    return {name: value for name, value in FIRST.items() if name not in camera.lacks}


def lacks(camera, client, name, value):
    """Return True if the driver lacks a parameter, after a check that it is refused by name."""
    if name not in camera.lacks:
        return False
    before = values(client)
    for wanted in ({name: value}, {"vflip": 1, name: value}, {name: value, "vflip": 1}):
        why = refused(client, json.dumps(wanted))
        assert why == f"camera: {name}: not offered by micropython-camera-driver"
    assert values(client) == before
    return True


def change(client, **parameters):
    """Set parameters and return all that are in force, from the reply."""
    return json.loads(client.command("camera", json.dumps(parameters)))


def refused(client, payload):
    """Send a payload and return the reason for its refusal."""
    return client.command("camera", payload, reply="SYNTAX").splitlines()[0]


def values(client):
    return json.loads(client.command("camera"))


def picture(camera):
    image = Image.open(io.BytesIO(camera.get("/capture").content))
    image.load()
    return image


def background(camera):
    """Return the part of a picture without motion or text, scaled down to reduce noise."""
    image = picture(camera)
    width, height = image.size
    box = (0, height * 3 // 10, width, height * 7 // 10)
    return image.crop(box).resize((64, 16), Image.Resampling.BOX)


def difference(one, other):
    """Return the mean difference of two pictures, 0..255."""
    return statistics.mean(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def mean(image):
    return ImageStat.Stat(image).mean


# Values


def test_empty_payload_returns_all_parameters(camera, client):
    assert values(client) == {**first(camera), "framesize": 5}


@pytest.mark.parametrize(("name", "low", "high"), [row[:3] for row in PARAMS])
def test_parameter(camera, client, name, low, high):
    if lacks(camera, client, name, high):
        return
    for value in (str(low), high):
        expected = {**first(camera), **{"framesize": 5}, name: int(value)}
        assert change(client, **{name: value}) == values(client) == expected
    for bad in (low - 1, high + 1, "much", "", None, True, 1.5, [1]):
        why = refused(client, json.dumps({name: bad}))
        assert name in why
    assert values(client)[name] == high


def test_save_accepts_0_and_1(camera, client):
    assert change(client, save_to_nvs="0") == {**first(camera), "framesize": 5}
    assert "save_to_nvs" in refused(client, '{"save_to_nvs": "2"}')


@pytest.mark.parametrize(
    "payload", ["{}", "[]", "8", "{", "null", '{"framesize"}', '{"framsize": 8}', '{"": 1}']
)
def test_invalid_payload(camera, client, payload):
    assert refused(client, payload).startswith("camera: ")
    assert values(client) == {**first(camera), "framesize": 5}


def test_all_or_none(camera, client):
    before = values(client)
    wanted = {"hmirror": 1, "contrast": 2, "brightness": 3, "quality": 20}
    assert "brightness" in refused(client, json.dumps(wanted))
    assert values(client) == before
    assert "nonsense" in refused(client, '{"vflip": 1, "nonsense": 1, "contrast": 1}')
    assert values(client) == before
    upright = background(camera)
    if lacks(camera, client, "ae_level", 1):
        assert difference(upright, background(camera)) < 6


def test_several_at_once(camera, client):
    changed = {"framesize": 5, "hmirror": 1, "contrast": -1, "quality": 12}
    assert change(client, hmirror="1", contrast=-1, quality="12") == {**first(camera), **changed}


# Pictures


@pytest.mark.parametrize("number", range(len(FRAMESIZES)))
def test_frame_size(camera, client, number):
    name, width, height = FRAMESIZES[number]
    assert change(client, framesize=str(number))["framesize"] == number
    assert picture(camera).size == (width, height)
    change(client, **SMALL)
    assert change(client, framesize=name.lower())["framesize"] == number
    assert picture(camera).size == (width, height)


def test_mirror_and_flip(camera, client):
    plain = background(camera)
    change(client, hmirror=1)
    mirrored = background(camera)
    assert difference(ImageOps.mirror(plain), mirrored) < 6 < difference(plain, mirrored)
    change(client, hmirror=0, vflip=1)
    flipped = background(camera)
    assert difference(ImageOps.flip(plain), flipped) < 6 < difference(plain, flipped)


def test_brightness_contrast_saturation(camera, client):
    light, spread, colour = [], [], []
    for value in (-2, 0, 2):
        change(client, brightness=value)
        light.append(sum(mean(background(camera))))
        change(client, brightness=0, contrast=value)
        spread.append(sum(ImageStat.Stat(background(camera)).stddev))
        change(client, contrast=0, saturation=value)
        colour.append(mean(background(camera).convert("HSV"))[1])
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
    plain = background(camera)
    change(client, special_effect=1)
    assert difference(ImageOps.invert(plain), background(camera)) < 8
    change(client, special_effect=2)
    red, green, blue = mean(background(camera))
    assert max(red, green, blue) - min(red, green, blue) < 3
    for effect, channel in ((3, 0), (4, 1), (5, 2)):
        change(client, special_effect=effect)
        tinted = mean(background(camera))
        gains = [a / b for a, b in zip(tinted, mean(plain))]
        assert gains.index(max(gains)) == channel
    change(client, special_effect=6)
    red, green, blue = mean(background(camera))
    assert red > green > blue


def test_quality(camera, client):
    """Change the quality in night mode, which shares the sensor's bus with the driver."""
    change(client, nightmode=1)
    sizes = []
    for value in (20, 40, 60):
        change(client, quality=value)
        sizes.append(len(camera.get("/capture").content))
    assert sizes[0] > sizes[1] > sizes[2]


# Persistence


def test_only_saved_parameters_survive_a_restart(camera, client):
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


def test_parameters_are_restored_after_reinit(camera, client):
    """The third recovery step reinitialises the driver, which resets all parameters."""
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


@pytest.mark.parametrize("driver", ["api", pytest.param("driver", marks=pytest.mark.slow)])
def test_nightmode(driver, broker, tmp_path):
    """Night mode reduces the frame rate, measured in real time."""
    settings = {"pubinterval": "0", "topic": "night"}
    args = ["--device-id", "DVES_00000A", "--driver", driver]
    with Simulator(tmp_path, broker.uri, settings, args, fast=False) as camera:
        camera.command('camera {"framesize": "HVGA"}')
        with Viewer(camera.facts["http"], "/stream") as viewer:
            viewer.head()
            day = period(viewer)
            now = json.loads(camera.command('camera {"nightmode": "1", "framesize": "SVGA"}'))
            assert (now["nightmode"], now["framesize"]) == (1, 9)  # it stays on with the new size
            night = period(viewer)
            assert json.loads(camera.command('camera {"nightmode": "0"}'))["nightmode"] == 0
            after = period(viewer)
    print(day, night, after)
    assert night > 4 * day, (day, night, after)
    assert after < 1.5 * day, (day, night, after)


def period(viewer, count=3):
    """Return the seconds between two of the sensor's pictures, after the buffered ones.

    Frame numbers are used because a busy PC skips pictures, which the sensor counts.
    """
    viewer.part()
    viewer.part()
    first, started = frame_number(viewer.part()[1]), time.monotonic()
    for _ in range(count):
        last = frame_number(viewer.part()[1])
    return (time.monotonic() - started) / (last - first)
