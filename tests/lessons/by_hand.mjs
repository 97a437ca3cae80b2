// The service behind the sliders of /gamma-beta, run by node: its requests and its state, with a server that answers on demand.
// Prints one line of JSON: the results of each scene.

const {ByHand} = await import("../../bnviz/lessons/gamma_beta/by-hand.js");

const HEADER = {total_steps: 10, experiment: {width: 4}};
const frame = (step) => ({step, arms: {batch: {gamma: [[1.5, 0.5]], beta: [[0.25, -0.25]]}}});
const view = (changes = {}) => ({
  run: "r",
  header: HEADER,
  frames: [frame(10)],
  ended: true,
  compared: "batch",
  layer: 1,
  unit: 0,
  ...changes,
});
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A service whose questions wait in `asked` until they are answered, and whose clock is moved by hand. */
function scene() {
  const asked = [],
    drawn = [],
    timers = new Map();
  const clock = {
    set: (action) => (timers.set(timers.size + 1, action), timers.size),
    clear: (timer) => timers.set(timer, null),
    run: () => timers.forEach((action, timer) => (timers.set(timer, null), action?.())),
  };
  const ask = (place, target, signal) =>
    new Promise((resolve) => asked.push({unit: place.unit, ...target, signal, reply: (answer) => resolve({answer})}));
  const service = new ByHand({redraw: (id) => drawn.push(id)}, ask, clock);
  return {service, asked, drawn, clock};
}

const questions = (asked) => asked.map(({unit, gamma, beta}) => [unit, gamma, beta]);

async function latest() {
  const {service, asked, drawn, clock} = scene();
  service.follow(view());
  clock.run();
  service.move({gamma: 2});
  service.move({gamma: 3});
  clock.run();
  asked[1].reply("second");
  await settled();
  asked[0].reply("first"); // too late
  await settled();
  return {asked: questions(asked), answer: service.state.answer, drawn, aborted: asked.map(({signal}) => signal.aborted)};
}

async function unfinished() {
  const {service, asked, clock} = scene();
  for (const changes of [{ended: false}, {frames: [frame(9)]}, {unit: "pooled"}]) {
    service.follow(view(changes));
    service.move({gamma: 2});
    service.reset();
    clock.run();
  }
  return {asked: questions(asked), place: service.state.place};
}

async function another() {
  const {service, asked, clock} = scene();
  service.follow(view());
  clock.run();
  service.follow(view({layer: 1, unit: 1}));
  asked[0].reply("of unit 0");
  await settled();
  const between = service.state.answer;
  clock.run();
  service.follow(view({layer: 1, unit: 1})); // the same again
  clock.run();
  return {asked: questions(asked), between};
}

async function closed() {
  const {service, asked, drawn, clock} = scene();
  service.follow(view());
  clock.run();
  service.move({beta: 1});
  service.close();
  clock.run();
  service.move({beta: 2});
  service.follow(view({unit: 1}));
  clock.run();
  asked[0].reply("late");
  await settled();
  return {asked: questions(asked), answer: service.state.answer, drawn};
}

console.log(
  JSON.stringify({latest: await latest(), unfinished: await unfinished(), another: await another(), closed: await closed()}),
);
