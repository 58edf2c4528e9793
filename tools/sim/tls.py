"""Memory for TLS outside the interpreter's heap: the laboratory can let it run out."""


class TLSMemory:
    """Refuses the next `n` TLS links for want of memory."""

    def __init__(self):
        self._refuse = 0

    def calls(self):
        return {"tls.refused": self.refused}

    def controls(self):
        return {"memory": self.change}

    def refused(self):
        if self._refuse <= 0:
            return False
        self._refuse -= 1
        return True

    def change(self, tls_enomem=0):
        """Let the next `tls_enomem` links fail with ENOMEM."""
        self._refuse = tls_enomem
