"""What tests of measures share."""


def live_context(arm, tensors, minibatch, index=0):
    """The context of an arm's measures now, at the `index`-th snapshot."""
    return arm.context(tensors, minibatch, arm.observe(tensors, minibatch, index))
