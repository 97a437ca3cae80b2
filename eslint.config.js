// What tsc and Prettier leave unsaid: names that nobody uses, lines that are too long, functions with too many branches.

/** Type declarations hold nothing that ESLint can parse: only their lines are checked. */
const lines = {
  parse: (text) => ({
    ...{type: "Program", body: [], comments: [], tokens: [], sourceType: "module", range: [0, text.length]},
    loc: {start: {line: 1, column: 0}, end: {line: text.split("\n").length, column: 0}},
  }),
};

const length = {"max-len": ["error", {code: 130}]};
const generated = ["bnviz/web/player/schema.d.ts", "bnviz/lessons/*/words.d.ts"];

export default [
  {ignores: [".venv/", "build/"]},
  {files: ["bnviz/**/*.js", "tests/**/*.mjs"], linterOptions: {reportUnusedDisableDirectives: "error"}},
  {
    files: ["bnviz/**/*.js", "tests/**/*.mjs"],
    rules: {
      ...length,
      complexity: ["error", 14],
      eqeqeq: "error",
      "no-unused-vars": ["error", {args: "after-used", argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrors: "all"}],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  // The core runs without a page: time, network and address bar are injected (bnviz/web/player/environment.js).
  {
    files: ["bnviz/web/player/core/*.js"],
    rules: {
      "no-restricted-globals": [
        ...["error", "document", "window", "location", "history", "navigator", "performance", "localStorage", "matchMedia"],
        ...["fetch", "setTimeout", "clearTimeout", "setInterval", "requestAnimationFrame", "addEventListener"],
      ],
    },
  },
  // A page that was saved has it in front of its own script.
  {
    files: ["bnviz/web/export/unpacking.js"],
    languageOptions: {sourceType: "script"},
    rules: {"no-unused-vars": ["error", {vars: "local"}]},
  },
  {files: ["bnviz/**/*.d.ts"], ignores: generated, languageOptions: {parser: lines}, rules: length},
];
