"""The picture of the two networks, drawn on the server without a browser: to share, for slides, in a file.

It shows what the player paints (bnviz/web/player/painter.js), at the places of geometry.js and in the measures of motion.js and
fits.js. Tests hold both sides to the same numbers.
"""

WIDTH, HEIGHT = 1200, 630  # pixels of a card, as those who show previews of links want it
