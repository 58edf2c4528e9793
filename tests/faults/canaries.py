"""Secrets that a test recognizes wherever they turn up."""

import base64


def forms(secret):
    """Return the encodings in which a secret could appear; letters are in lower case.

    In base64, the first and last characters depend on what surrounds the secret.
    """
    data = secret.encode()
    escaped = "".join(f"%{byte:02x}" for byte in data)
    found = [data, data[::-1], data.hex().encode(), escaped.encode()]
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data)
        found.append(encoded[(0, 2, 3)[before] : len(encoded) // 4 * 4 - 4])
    return found


def plain(value):
    """Return the secret in a value of Canaries without the characters that need escapes."""
    return value[3:19]


class Canaries:
    """Random secrets; chance: a random.Random."""

    def __init__(self, chance):
        self._chance = chance
        self._forms = {}

    def new(self, name):
        """Return a value for a setting, which needs escapes in HTML, JSON and URLs."""
        secret = f"{self._chance.getrandbits(64):016x}"
        for form in forms(secret):
            self._forms[form] = f"{name} as {form[:60]}"
        return f"X-Key: &'<{secret}>\"%" if name == "pushheader" else f"&'<{secret}>\"%ü"

    def leaks(self, data):
        """Return the names of the secrets in `data` (bytes), however they are encoded."""
        both = data + data.lower()
        return [name for form, name in self._forms.items() if form in both]
