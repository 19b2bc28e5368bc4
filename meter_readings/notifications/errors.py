"""Why a notification could not be delivered."""


class DeliveryFailed(Exception):
    """This notification was not accepted; its text has no personal data."""


class Unreachable(DeliveryFailed):
    """Nothing can be sent there for now."""
