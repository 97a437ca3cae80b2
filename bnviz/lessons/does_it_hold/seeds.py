"""Which seeds a verdict rests on: others than those that rules, grids and numbers of seeds were chosen with."""

FRESH = 2000  # the first seed of every verdict; no rule was looked at with it or with a later one
PILOT = 0  # the first seed of the pilot
PILOT_SEEDS = 6
POWER = 0.9  # how surely a verdict should be reached, on average over what the pilot leaves unknown
