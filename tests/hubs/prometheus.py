"""A real Prometheus as a subprocess."""

import subprocess
from pathlib import Path

import httpx
from mosquitto import HOST, free_port
from sim import wait_until


class Prometheus:
    """One server with its own port and data; a context manager.

    program: path of `prometheus`. configuration: the text of prometheus.yml.
    """

    def __init__(self, program, folder, configuration):
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self.file = self._folder / "prometheus.yml"
        self.file.write_text(configuration)
        address = f"{HOST}:{free_port()}"
        self._url = f"http://{address}"
        self._line = [program, f"--config.file={self.file}", f"--web.listen-address={address}",
                      f"--storage.tsdb.path={self._folder / 'data'}"]  # fmt: skip
        self._process = None

    def __enter__(self):
        with open(self._folder / "output", "ab") as output:
            self._process = subprocess.Popen(self._line, stdout=output, stderr=output)
        try:
            wait_until(self._is_ready, 30, "Prometheus", every_s=0.1)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(30)

    def _is_ready(self):
        assert self._process.poll() is None, (self._folder / "output").read_text()
        try:
            return httpx.get(self._url + "/-/ready", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def query(self, expression):
        """Return {label values: value} of an instant query, without the job and the address."""
        path = self._url + "/api/v1/query"
        answer = httpx.get(path, params={"query": expression}, trust_env=False).json()
        assert answer["status"] == "success", answer
        found = {}
        for row in answer["data"]["result"]:
            labels = row["metric"]
            own = sorted(labels.keys() - {"__name__", "job", "instance"})
            found[tuple(labels[name] for name in own)] = float(row["value"][1])
        return found
