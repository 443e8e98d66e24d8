"""How a deployment fails."""


class DeployError(Exception):
    """A deployment cannot be written or read: one line that says why and what to do."""
