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
const nextTask = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A service whose questions wait in `asked` until they are answered, and whose clock is moved by hand. */
function scene() {
  const requests = [],
    redraws = [],
    timers = new Map();
  const clock = {
    set: (action) => (timers.set(timers.size + 1, action), timers.size),
    clear: (timer) => timers.set(timer, null),
    run: () => timers.forEach((action, timer) => (timers.set(timer, null), action?.())),
  };
  const ask = (place, target, signal) =>
    new Promise((resolve) => requests.push({unit: place.unit, ...target, signal, reply: (answer) => resolve({answer})}));
  const service = new ByHand({redraw: (id) => redraws.push(id)}, ask, clock);
  return {service, requests, redraws, clock};
}

const questions = (requests) => requests.map(({unit, gamma, beta}) => [unit, gamma, beta]);

async function latest() {
  const {service, requests, redraws, clock} = scene();
  service.follow(view());
  clock.run();
  service.move({gamma: 2});
  service.move({gamma: 3});
  clock.run();
  requests[1].reply("second");
  await nextTask();
  requests[0].reply("first"); // too late
  await nextTask();
  return {
    asked: questions(requests),
    answer: service.state.answer,
    drawn: redraws,
    aborted: requests.map((one) => one.signal.aborted),
  };
}

async function unfinished() {
  const {service, requests, clock} = scene();
  for (const changes of [{ended: false}, {frames: [frame(9)]}, {unit: "pooled"}]) {
    service.follow(view(changes));
    service.move({gamma: 2});
    service.reset();
    clock.run();
  }
  return {asked: questions(requests), place: service.state.place};
}

async function another() {
  const {service, requests, clock} = scene();
  service.follow(view());
  clock.run();
  service.follow(view({layer: 1, unit: 1}));
  requests[0].reply("of unit 0");
  await nextTask();
  const answerBetween = service.state.answer;
  clock.run();
  service.follow(view({layer: 1, unit: 1})); // the same again
  clock.run();
  return {asked: questions(requests), between: answerBetween};
}

async function closed() {
  const {service, requests, redraws, clock} = scene();
  service.follow(view());
  clock.run();
  service.move({beta: 1});
  service.close();
  clock.run();
  service.move({beta: 2});
  service.follow(view({unit: 1}));
  clock.run();
  requests[0].reply("late");
  await nextTask();
  return {asked: questions(requests), answer: service.state.answer, drawn: redraws};
}

console.log(
  JSON.stringify({latest: await latest(), unfinished: await unfinished(), another: await another(), closed: await closed()}),
);
