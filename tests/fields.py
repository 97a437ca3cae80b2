"""For tests of all fields of an experiment: another valid value of each, from its own declaration."""

from bnviz.config.experiment import FIELDS
from bnviz.config.fields import Field


def other_value(field: Field):
    """A value that is not the default: the choice or mark before it, or else after it, the example, or the next number.

    All of them together make a valid experiment.
    """
    if field.canonical is not None:
        return field.check(field.example)
    options = list(field.choices or field.marks or (field.default, field.default + 1))
    place = options.index(field.default)
    return options[place - 1] if place else options[1]


OTHER = {name: other_value(field) for name, field in FIELDS.items()}
