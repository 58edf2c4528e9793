"""How many sockets may be open: the chip has ten in all, and some of them must stay free."""


class Budget:
    """Counts connections over all listeners."""

    def __init__(self, most):
        self.most = most
        self.taken = 0

    def free(self):
        return self.taken < self.most
