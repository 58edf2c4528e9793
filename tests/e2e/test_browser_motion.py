"""Motion on the camera's page: cells over the live picture, and the mask that is drawn there."""

import re

import pytest
from browser import DESKTOP, PHONE, assert_accessible, assert_fits, screenshot, wait_for_picture
from playwright.sync_api import expect
from sim import Simulator, wait_until

NO_BROKER = "mqtt://127.0.0.1:1"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    settings = {"motion": "picture", "motionlevel": "100", "motionarea": "1"}
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER, settings, fast=False) as made:
        made.command('camera {"framesize": "VGA"}')
        yield made


def cell(page, row, column):
    return page.get_by_role("gridcell", name=f"Row {row}, column {column}", exact=True)


def middle(page, row, column):
    box = cell(page, row, column).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def masked(page):
    return page.locator("#cells [aria-selected=true]").count()


def covers(page):
    """Return True if the grid is exactly over the picture, which has the ratio 4:3."""
    grid, canvas = page.locator("#cells").bounding_box(), page.locator("#live").bounding_box()
    ratio = max(grid["width"], grid["height"]) / min(grid["width"], grid["height"])
    inside = all(grid[side] <= canvas[side] + 1 for side in ("width", "height"))
    fills = any(abs(grid[side] - canvas[side]) < 1 for side in ("width", "height"))
    return inside and fills and abs(ratio - 4 / 3) < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_cells_light_up_and_the_mask_is_drawn(browser, camera, size):
    camera.command("motionmask 1")
    with browser.page(camera.url, size) as page:
        page.goto("/#picture")
        wait_for_picture(page)
        expect(page.locator("#cells")).to_have_count(0)
        page.click("#motion > summary")
        expect(page.locator("#motion-state")).to_contain_text(
            re.compile(r"motion\.", re.IGNORECASE)
        )
        expect(page.locator("#cells .changed").first).to_be_visible()  # a bird and clouds
        wait_until(lambda: covers(page))
        save = page.get_by_role("button", name="Save cells")
        expect(save).to_be_disabled()
        page.mouse.move(*middle(page, 1, 1))
        page.mouse.down()
        page.mouse.move(*middle(page, 1, 3), steps=8)
        page.mouse.up()
        assert masked(page) == 3
        page.mouse.click(*middle(page, 1, 2))
        assert masked(page) == 2
        save.click()
        wait_until(lambda: camera.command("motionmask") == "a" + 47 * "0")
        expect(save).to_be_disabled()
        page.keyboard.press("Tab")
        cell(page, 1, 2).focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        expect(cell(page, 2, 3)).to_be_focused()
        page.keyboard.press("Space")
        assert masked(page) == 3
        assert_accessible(page)
        assert_fits(page)
        screenshot(page, f"motion-{size['width']}")
        page.get_by_role("button", name="Discard").click()
        assert masked(page) == 2
        page.get_by_role("button", name="Turn by 90 degrees").click()
        wait_until(lambda: covers(page))
        cell(page, 5, 5).focus()
        page.keyboard.press("ArrowRight")  # of the screen: up in the picture
        expect(cell(page, 4, 5)).to_be_focused()
        page.get_by_role("button", name="Ignore none").click()
        save.click()
        wait_until(lambda: camera.command("motionmask") == "")
        page.click("#tab-status")
        expect(page.locator("#cells")).to_be_hidden()
        expect(page.locator("#figures")).to_contain_text("Motion detection")


@pytest.mark.slow
def test_a_mask_that_is_not_saved_says_so(browser, camera):
    with browser.page(camera.url, DESKTOP) as page:
        page.goto("/#picture")
        wait_for_picture(page)
        page.click("#motion > summary")
        page.mouse.click(*middle(page, 12, 16))
        page.route("**/api/settings", lambda route: route.fulfill(status=503, json={"error": "x"}))
        page.get_by_role("button", name="Save cells").click()
        expect(page.locator("#toast")).to_have_text("Not saved: x")
        assert masked(page) == 1
        page.unroute_all(behavior="wait")
        camera.command("motion off")
        expect(page.locator("#motion-state")).to_contain_text("Motion detection is off.")
        expect(page.locator("#cells .changed")).to_have_count(0)
        assert masked(page) == 1  # what is drawn stays
        camera.command("motion picture")
