"""In which way a normalizer is called."""

# Which statistics are used. TRAIN: the minibatch's own (or each ghost batch's), and running ones are updated. MEASURE: the
# batch's own as in training, but nothing is updated. EVALUATE: the running ones.
TRAIN, MEASURE, EVALUATE = "train", "measure", "evaluate"
