// @ts-check
// What keys do to the playback.

/** @import {PlayerCore} from "./player-core.js" */

/** @type {Record<string, (player: PlayerCore) => void>} */
const ACTIONS = {
  " ": (player) => player.toggle(),
  ArrowLeft: (player) => player.stepBy(-1),
  ArrowRight: (player) => player.stepBy(1),
  Home: (player) => player.seek(0),
  End: (player) => player.seek(Infinity),
  "<": (player) => player.stepSpeed(-1),
  ">": (player) => player.stepSpeed(1),
  l: (player) => player.toggleLoop(),
  m: (player) => player.nextMotion(),
  "?": (player) => player.say(player.text("help")),
};

/**
 * Do what a key means; digits choose a layer. Returns whether it means anything.
 * @param {PlayerCore} player
 * @param {string} key as KeyboardEvent calls it
 */
export function pressKey(player, key) {
  if (/^[1-8]$/.test(key)) chooseLayer(player, Number(key));
  else if (Object.hasOwn(ACTIONS, key)) ACTIONS[key](player);
  else return false;
  return true;
}

/**
 * @param {PlayerCore} player
 * @param {number} layer
 */
function chooseLayer(player, layer) {
  if (layer <= Number(player.recording.header?.hidden_layers)) player.choose({layer});
}
