"""TLS memory outside the interpreter's heap, which the control port can exhaust."""


class TLSMemory:
    """Refuses a chosen number of TLS connections for lack of memory."""

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
        """Fail the next `tls_enomem` TLS connections with ENOMEM."""
        self._refuse = tls_enomem
