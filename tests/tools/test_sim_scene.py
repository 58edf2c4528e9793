"""What happens in the scene of the simulated camera."""

import asyncio

import pytest
from errors import UsageError
from happenings import Happenings
from PIL import Image, ImageChops, ImageStat
from pins import POWER
from scene import Scene

WIDTH, HEIGHT = 160, 120
AT = 1_000.0
MOVER = {"size": 0.5, "speed": 0.1, "brightness": 0, "top": 0.45, "start": 0.2}


class Pins:
    def __init__(self):
        self.lamp = 0

    def level(self, pin):
        return self.lamp if pin == POWER else 1


class Rig:
    """Happenings whose requests are noted, not drawn."""

    def __init__(self):
        self.pins = Pins()
        self.happenings = Happenings(self._render, self.pins)
        self.set = self.happenings.controls()["scene"]

    async def _render(self, **request):
        return request

    def request(self):
        return asyncio.run(self.happenings.render(width=8)).get("happenings")


@pytest.fixture(scope="module")
def scene():
    return Scene()


@pytest.fixture
def rig():
    return Rig()


def drawn(scene, seconds=0.0, **happens):
    """Return the scene `seconds` after `happens` began; the clock shows the same time."""
    wanted = {"since": AT - seconds, **happens} if happens else None
    return scene.draw(WIDTH, HEIGHT, 7, AT, wanted)


def light(image, box=None):
    return ImageStat.Stat(image.convert("L").crop(box or (0, 20, WIDTH, HEIGHT))).mean[0]


def place(scene, **happens):
    """Return the box in which a picture differs from one without anything."""
    return ImageChops.difference(drawn(scene), drawn(scene, **happens)).getbbox()


def test_nothing_happens_at_first(rig):
    assert rig.request() is None
    rig.set(rain=1)
    assert rig.request()["rain"] == 1
    rig.set()
    assert rig.request() is None


def test_defaults_and_the_lamp(rig):
    rig.set(movers=[{"size": 0.5}], night=0.5)
    rig.pins.lamp = 1
    found = rig.request()
    assert found["movers"][0]["size"] == 0.5 and found["movers"][0]["speed"] > 0
    assert found["lamp"] == 1


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"movers": [{"colour": "red"}]}, "movers must have only size, speed"),
        ({"movers": [{"size": 2}]}, "size must be 0.01..1"),
        ({"movers": [7]}, "movers must have only"),
        ({"cloud": {"darkness": "black"}}, "darkness must be 0..0.95"),
        ({"night": -1}, "night must be 0..0.95"),
        ({"rain": 1.5}, "rain must be 0..1"),
    ],
)
def test_bad_requests_are_refused(rig, given, reason):
    rig.set(rain=1)
    with pytest.raises(UsageError, match=reason):
        rig.set(**given)
    assert rig.request()["rain"] == 1  # as before


def test_mover_walks(scene):
    first = place(scene, seconds=0, movers=[MOVER])
    later = place(scene, seconds=2, movers=[MOVER])
    assert later[0] - first[0] == pytest.approx(0.2 * WIDTH, abs=4)
    assert first[3] - first[1] == pytest.approx(0.5 * HEIGHT, abs=6)
    assert first[1] == pytest.approx(0.45 * HEIGHT, abs=4)
    back = place(scene, seconds=2, movers=[{**MOVER, "speed": -0.05}])
    assert back[0] < first[0]


def test_mover_comes_again(scene):
    mover = {**MOVER, "start": None}
    assert not place(scene, seconds=0, movers=[mover])
    whole_s = (1 + 0.5 * HEIGHT * 0.4 / WIDTH) / 0.1
    # the legs swing with the time, so compare the place alone
    assert place(scene, seconds=3, movers=[mover])[0] == pytest.approx(
        place(scene, seconds=3 + whole_s, movers=[mover])[0], abs=8
    )


def test_cloud_passes(scene):
    cloud = {"darkness": 0.5, "seconds": 10}
    usual = light(drawn(scene))
    assert light(drawn(scene, seconds=0, cloud=cloud)) == pytest.approx(usual, abs=1)
    assert light(drawn(scene, seconds=5, cloud=cloud)) == pytest.approx(usual / 2, rel=0.1)
    assert light(drawn(scene, seconds=10, cloud=cloud)) == pytest.approx(usual, abs=1)
    left, right = (0, 60, 40, 120), (120, 60, 160, 120)
    coming = drawn(scene, seconds=1.5, cloud=cloud)
    assert light(coming, left) / light(drawn(scene), left) < 0.8
    assert light(coming, right) / light(drawn(scene), right) > 0.9


def test_lamp_lights_the_night_only(scene):
    dark = drawn(scene, night=0.8)
    assert light(dark) == pytest.approx(light(drawn(scene)) * 0.2, rel=0.1)
    lit = drawn(scene, night=0.8, lamp=1)
    near, far = (60, 70, 100, 115), (0, 20, 20, 40)
    assert light(lit, near) > 3 * light(dark, near)
    assert light(lit, far) < 1.5 * light(dark, far)
    assert place(scene, lamp=1) is None


def test_rain_falls_elsewhere_in_each_picture(scene):
    one, two = [scene.draw(WIDTH, HEIGHT, n, AT, {"since": AT, "rain": 1}) for n in (7, 8)]
    below = (0, 20, WIDTH, HEIGHT)
    assert ImageChops.difference(one.crop(below), two.crop(below)).getbbox()
    assert isinstance(one, Image.Image) and abs(light(one) - light(drawn(scene))) < 12
