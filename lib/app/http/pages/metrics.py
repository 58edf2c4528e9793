"""Metrics for Prometheus at `/metrics`, in its text format 0.0.4 or as OpenMetrics 1.0."""

from microdot import Response

from app.http.pages.metric_rows import ROWS
from proto.http import HTTPError

_PREFIX = "esp32cam_"
_PLAIN = "text/plain; version=0.0.4; charset=utf-8"
_OPEN = "application/openmetrics-text"
_OPEN_TYPE = _OPEN + "; version=1.0.0; charset=utf-8"


class Metrics:
    """The route `/metrics`."""

    def __init__(self, settings, status, access, headers, images, updater, publisher):
        self._settings = settings
        self._status = status
        self._sources = {
            "status": status,
            "access": access,
            "headers": headers,
            "images": images,
            "updater": updater,
            "publisher": publisher,
        }

    async def metrics(self, request):
        if not self._settings["metrics"]:
            raise HTTPError(404, "Metrics are off. The setting metrics switches them on.")
        is_open = _OPEN in request.headers.get("Accept", "")
        response = Response(self._text(is_open))
        response.headers["Content-Type"] = _OPEN_TYPE if is_open else _PLAIN
        return response

    def _source(self, name):
        """Return what a row is read from; None for what this board lacks, or is off."""
        return self._sources[name] if name in self._sources else getattr(self._status, name)

    def _text(self, is_open):
        for name, kind, about, source, read in ROWS:
            found = self._source(source)
            if found is None:
                continue
            name = _PREFIX + name
            family = name
            if is_open and kind == "counter":  # OpenMetrics names the family without the suffix
                family = name[: -len("_total")]
            yield "# HELP {} {}\n# TYPE {} {}\n".format(family, about, family, kind)
            value = read(found)
            for labels, number in value if isinstance(value, list) else [("", value)]:
                yield "{}{} {}\n".format(name, labels, number)
        if is_open:
            yield "# EOF\n"
