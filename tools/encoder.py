"""Videos made of JPEG pictures, by ffmpeg."""

import shutil
import subprocess
import tempfile
from pathlib import Path

_OPTIONS = "-v error -nostdin -y".split()
_H264 = "-c:v libx264 -preset veryfast -crf 23 -movflags +faststart".split()
_AS_THEY_COME = "-fps_mode vfr -enc_time_base 1:1000".split()
_CONTAINERS = (".mp4", ".m4v", ".mov", ".mkv")  # get H.264; ffmpeg chooses the codec of others


class EncoderError(Exception):
    """The video cannot be made; the text is for people."""


class Encoder:
    """Video that `write` adds pictures to; a context manager.

    The file is there once it is complete; after an error or without a picture there is none.
    fps: pictures per second; None: each is shown until the next one comes. filters: of ffmpeg.
    Raises EncoderError.
    """

    def __init__(self, output, fps=None, filters=(), force=False):
        self._output = output = Path(output)
        self._part = output.with_name(f"{output.stem}.part{output.suffix}")
        self._process = None
        self.written = 0
        program = shutil.which("ffmpeg")
        if not program:
            raise EncoderError(
                "ffmpeg is missing. Install it: apt-get install ffmpeg, brew install ffmpeg, or "
                "winget install ffmpeg"
            )
        if output.exists() and not force:
            raise EncoderError(f"{output} exists already; --force replaces it")
        if not output.suffix or not output.parent.is_dir():
            raise EncoderError(f"{output}: name a file such as video.mp4 in a folder that exists")
        rate, pace = ["-framerate", str(fps)], []
        if not fps:
            rate, pace = ["-use_wallclock_as_timestamps", "1"], _AS_THEY_COME
        codec = _H264 if output.suffix.lower() in _CONTAINERS else []
        self._line = [program, *_OPTIONS, "-f", "mjpeg", *rate, "-i", "pipe:"]
        self._line += ["-vf", ",".join([*filters, "format=yuv420p"]), *codec, *pace]
        self._line.append(str(self._part))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if not self._process:
            return
        try:
            self._end(kind)
        finally:
            self._process.kill()  # for a second Ctrl-C
            self._process.wait()
            self._part.unlink(missing_ok=True)
            self._messages.close()

    def _end(self, kind):
        """End the video, or give it up because of an exception of that kind."""
        if kind:
            self._process.kill()
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        if self._process.wait() and not kind:
            self._fail()
        if not self._process.returncode:
            try:
                self._part.replace(self._output)
            except OSError as error:
                raise EncoderError(f"{self._output}: {error.strerror}") from None

    def write(self, jpeg):
        """Add a picture."""
        if not self._process:
            self._start()
        try:
            self._process.stdin.write(jpeg)
            self._process.stdin.flush()
        except BrokenPipeError:
            self._process.wait()
            self._fail()
        self.written += 1

    def _start(self):
        try:
            self._messages = tempfile.TemporaryFile()
            self._process = subprocess.Popen(
                self._line,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._messages,
                start_new_session=True,  # Ctrl-C must not end it before the last picture
            )
        except OSError as error:
            raise EncoderError(f"ffmpeg does not start: {error}") from None

    def _fail(self):
        self._messages.seek(0)
        lines = self._messages.read().decode(errors="replace").split("\n")
        reason = next((line for line in lines if line.strip()), "no reason given")
        raise EncoderError(f"ffmpeg failed: {reason}")
