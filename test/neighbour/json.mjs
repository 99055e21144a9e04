// JSON as it was written. A number keeps its digits, so that nothing is rounded on its way in, and a value is stored as
// the text that came. JSON.parse decides beforehand whether a text is JSON at all.

const spaces = /[ \t\n\r]*/y;
const scalars = /[^ \t\n\r,\]}]+/y;

/** The text as nodes: `object` (members), `array` (items), `text` (value), `number` (source), `word` (value). Each has
 *  its `source`, and how deep it goes: `levels` of lists and objects. `fits` is false if a number below it is no double.
 *  Undefined for what is no JSON. */
export function readJson(text) {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const open = [];
  let at = 0;
  let root;
  const place = (node) => {
    const parent = open.at(-1);
    if (parent === undefined) {
      root = node;
      return;
    }
    parent.levels = Math.max(parent.levels, node.levels + 1);
    parent.fits &&= node.fits;
    if (parent.kind === "array") parent.items.push(node);
    else if (parent.key === undefined) parent.key = node.value;
    else {
      parent.members.set(parent.key, node);
      parent.key = undefined;
    }
  };
  for (;;) {
    spaces.lastIndex = at;
    spaces.exec(text);
    at = spaces.lastIndex;
    if (at >= text.length) return root;
    const sign = text[at];
    if (sign === "{" || sign === "[") {
      const node = { kind: sign === "{" ? "object" : "array", from: at, levels: 1, fits: true };
      if (sign === "{") node.members = new Map();
      else node.items = [];
      open.push(node);
      at++;
    } else if (sign === "}" || sign === "]") {
      const node = open.pop();
      at++;
      node.source = text.slice(node.from, at);
      place(node);
    } else if (sign === "," || sign === ":") {
      at++;
    } else if (sign === '"') {
      const source = text.slice(at, endOfText(text, at));
      at += source.length;
      place({ kind: "text", source, value: JSON.parse(source), levels: 0, fits: true });
    } else {
      scalars.lastIndex = at;
      const [source] = scalars.exec(text);
      at = scalars.lastIndex;
      place(scalar(source));
    }
  }
}

function endOfText(text, from) {
  let at = from + 1;
  for (;;) {
    at = text.indexOf('"', at) + 1;
    let slashes = 0;
    while (text[at - 2 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return at;
  }
}

function scalar(source) {
  if (source === "true" || source === "false" || source === "null") {
    return { kind: "word", source, value: JSON.parse(source), levels: 0, fits: true };
  }
  return { kind: "number", source, levels: 0, fits: Number.isFinite(Number(source)) };
}

/** The integer that a node is, as it was written; undefined for anything else, and beyond what a double holds exactly. */
export function integerOf(node) {
  if (node?.kind !== "number" || !/^-?(?:0|[1-9][0-9]{0,15})$/u.test(node.source)) return undefined;
  const value = Number(node.source);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** One text for all ways to write the same value.  Needs a value of few levels. */
export function canonical(node) {
  if (node.kind === "array") return `[${node.items.map(canonical).join()}]`;
  if (node.kind === "object") {
    const names = [...node.members.keys()].sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(node.members.get(name))}`).join()}}`;
  }
  if (node.kind === "number") return String(Number(node.source) + 0);
  return JSON.stringify(node.value);
}
