"""What tests of measures share."""


def live_context(arm, tensors, minibatch):
    """The context of an arm's measures now."""
    return arm.context(tensors, minibatch, *arm.observe(tensors))
