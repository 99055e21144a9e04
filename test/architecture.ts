// The import table as data, and what is wrong with a file that breaks it. The table is the design: it says which folder
// may know of which, and the test beside this file holds every file to it.

/** What a folder may import beside itself. Entries are folders or files of this project (a file without its ending), or
 *  `node:`, `npm` (any package), or one package by its name. */
export interface FolderRule {
  /** Folder, longest match first. */
  readonly folder: string;
  readonly mayImport: readonly string[];
}

/** `<name>` stands for one and the same protocol on both sides. */
export const importTable: readonly FolderRule[] = [
  { folder: "protocol", mayImport: ["zod"] },
  { folder: "reference-server/<name>", mayImport: ["protocol"] },
  { folder: "reference-client/<name>", mayImport: ["protocol"] },
  { folder: "reference-server/postgres", mayImport: ["reference-server", "protocol", "node:", "npm"] },
  { folder: "reference-server/http", mayImport: ["reference-server", "protocol", "node:", "npm"] },
  { folder: "reference-server", mayImport: ["protocol", "node:", "npm"] },
  { folder: "reference-client/node", mayImport: ["reference-client", "protocol", "node:", "npm"] },
  { folder: "invariants", mayImport: ["protocol"] },
  { folder: "scenarios/format", mayImport: ["protocol", "zod", "yaml"] },
  { folder: "scenarios/<name>", mayImport: ["scenarios/format", "protocol"] },
  { folder: "scenarios", mayImport: ["protocol", "yaml", "zod", "node:fs", "node:path", "node:url"] },
  {
    folder: "actors",
    mayImport: [
      "protocol",
      "scenarios/format",
      "invariants/history",
      "invariants/<name>/events",
      "reference-client/<name>",
    ],
  },
  {
    folder: "sim",
    mayImport: [
      "protocol",
      "actors",
      "invariants/history",
      "invariants/result",
      "invariants/<name>/events",
      "scenarios/format",
      "reference-server/<name>",
      "reference-client/<name>",
      "seedrandom",
    ],
  },
  {
    folder: "explore",
    mayImport: [
      "sim",
      "protocol",
      "scenarios",
      "invariants",
      "reference-server/<name>",
      "reference-client/<name>",
      "fast-check",
      "seedrandom",
      "node:fs",
      "node:module",
      "node:worker_threads",
    ],
  },
  {
    folder: "live",
    mayImport: [
      "protocol",
      "actors",
      "scenarios/format",
      "invariants/history",
      "invariants/result",
      "invariants/soak-result",
      "invariants/<name>/events",
      "reference-client",
      "node:",
      "npm",
    ],
  },
  { folder: "reports", mayImport: ["invariants", "node:fs", "node:path", "picocolors"] },
  {
    folder: "certify",
    mayImport: [
      "protocol",
      "scenarios",
      "invariants",
      "sim",
      "live",
      "reports",
      "explore/shrink",
      "node:",
      "npm",
    ],
  },
  { folder: "examples", mayImport: ["index", "vitest", "fast-check"] },
  { folder: "cli", mayImport: ["*"] },
  { folder: "bench", mayImport: ["*"] },
  { folder: "test", mayImport: ["*"] },
];

/** Words that `<name>` may be. */
export const protocolNames = ["waveflow", "tasklists", "notes", "supersync"] as const;

export interface ImportStatement {
  readonly line: number;
  /** As written. */
  readonly specifier: string;
}

/** Every module that a text imports, re-exports or loads, with its line. Text in comments and strings is not code, but a
 *  line that begins like an import statement inside them is not worth a parser. */
export function importsOf(text: string): readonly ImportStatement[] {
  const pattern =
    /^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;
  return [...text.matchAll(pattern)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3]!;
    const upTo = match.index + match[0].indexOf(specifier);
    return { specifier, line: text.slice(0, upTo).split("\n").length };
  });
}

/** What a file's imports break, one sentence each: file, line, what was imported, what may be. */
export function importProblems(file: string, text: string): readonly string[] {
  const rule = ruleOf(file);
  if (rule === undefined) {
    return [
      `${file}:1: no row of the import table speaks about this folder; add one in test/architecture.ts`,
    ];
  }
  return importsOf(text).flatMap(({ specifier, line }) => {
    const target = targetOf(file, specifier);
    if (isAllowed(target, rule)) return [];
    const allowed = rule.mayImport.length === 0 ? "nothing" : rule.mayImport.join(", ");
    return [`${file}:${line}: imports ${specifier}; ${rule.folder} may import itself and ${allowed}`];
  });
}

/** The row that speaks about a file: the longest folder that holds it. */
export function ruleOf(file: string): FolderRule | undefined {
  const concrete = importTable.flatMap((rule) =>
    withNames(rule.folder).map(({ path, name }) => ({
      folder: path,
      mayImport:
        name === undefined ? rule.mayImport : rule.mayImport.map((one) => one.replace("<name>", name)),
    })),
  );
  return concrete
    .filter(({ folder }) => file.startsWith(`${folder}/`))
    .sort((left, right) => right.folder.length - left.folder.length)[0];
}

function isAllowed(target: string, { folder, mayImport }: FolderRule): boolean {
  if (target.startsWith(`${folder}/`)) return true;
  return mayImport.some((entry) => {
    if (entry === "*") return true;
    if (target.startsWith("node:"))
      return target === entry || entry === "node:" || target.startsWith(`${entry}/`);
    if (isPackage(target)) return entry === "npm" || packageName(target) === entry;
    return withNames(entry).some(({ path }) => target === path || target.startsWith(`${path}/`));
  });
}

/** A path of this project without its ending, a `node:` module, or a package. */
function targetOf(file: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  const parts = file.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/").replace(/\.(ts|json)$/, "");
}

function withNames(path: string): readonly { readonly path: string; readonly name: string | undefined }[] {
  if (!path.includes("<name>")) return [{ path, name: undefined }];
  return protocolNames.map((name) => ({ path: path.replaceAll("<name>", name), name }));
}

const ourFolders = new Set(importTable.map(({ folder }) => folder.split("/")[0]!));

function isPackage(target: string): boolean {
  return !target.startsWith("node:") && !(target.includes("/") && ourFolders.has(target.split("/")[0]!));
}

function packageName(target: string): string {
  return target
    .split("/")
    .slice(0, target.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Where nothing may read the time of the machine or draw a number of its own: the same seed has to give the same run. */
const deterministicFolders = [
  "protocol",
  "reference-server/<name>",
  "reference-client/<name>",
  "actors",
  "scenarios/format",
  "sim",
  "explore",
  "invariants",
].flatMap((folder) => withNames(folder).map(({ path }) => path));

const chanceAndTime = [
  { pattern: /\bMath\.random\b/, instead: "draw from an addressed stream" },
  { pattern: /\bDate\.now\b|\bnew Date\(\)/, instead: "time comes from the Clock port" },
  { pattern: /\bcrypto\.(?:randomUUID|getRandomValues)\b/, instead: "ids come from the Ids port" },
];

/** Names what it forbids in order to trap it. */
const trapsFile = "sim/kernel/traps.ts";

/** Lines of a deterministic file that would make two runs of one seed differ. */
export function determinismProblems(file: string, text: string): readonly string[] {
  const isHeldToIt = deterministicFolders.some((folder) => file.startsWith(`${folder}/`));
  if (!isHeldToIt || file === trapsFile) return [];
  return text.split("\n").flatMap((line, index) => {
    const code = line.replace(/\/\/.*$|^\s*\*.*$/, "");
    return chanceAndTime
      .filter(({ pattern }) => pattern.test(code))
      .map(({ pattern, instead }) => `${file}:${index + 1}: ${pattern.exec(code)![0]}; ${instead}`);
  });
}
