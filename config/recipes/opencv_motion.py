"""Save a picture whenever something moves: OpenCV reads the camera's stream.

    pip install opencv-python-headless
    python3 opencv_motion.py "http://porch.local/mjpg?fps=2" pictures

With an admin password: http://admin:PASSWORD@porch.local/mjpg?fps=2
"""

import sys
import time
from pathlib import Path

import cv2

CHANGED_PERCENT = 5  # of the picture, that counts as movement
PIXEL_STEP = 40  # of 255, that counts as a change of a pixel
PAUSE_S = 5  # before the next attempt, after a lost connection


def pictures(url):
    """Yield the stream's pictures, for ever."""
    while True:
        stream = cv2.VideoCapture(url)
        while True:
            is_read, picture = stream.read()
            if not is_read:
                break
            yield picture
        stream.release()
        print("no picture from", url, file=sys.stderr)
        time.sleep(PAUSE_S)


def changed_percent(before, now):
    """Return how much of the picture has changed."""
    return 100 * (cv2.absdiff(before, now) > PIXEL_STEP).mean()


def main(url="http://porch.local/mjpg?fps=2", folder="."):
    """Watch for ever; print the name of each saved picture."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    before = None
    for picture in pictures(url):
        small = cv2.blur(cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (160, 120)), (3, 3))
        if before is None:
            print("watching", flush=True)
        elif changed_percent(before, small) > CHANGED_PERCENT:
            file = Path(folder) / time.strftime("%Y%m%d-%H%M%S.jpg")
            cv2.imwrite(str(file), picture)
            print(file, flush=True)
        before = small


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        pass
