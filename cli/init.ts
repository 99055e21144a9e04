// `seatrial init`: the files that a project begins with.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import {
  configFileName,
  initFiles,
  type InitServer,
  secretVariable,
  workflowPath,
} from "../certify/init/init-files.ts";
import { configNames } from "../certify/load-config.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { UsageError } from "./errors.ts";
import { addHelp } from "./help.ts";
import { programName } from "./invocation.ts";
import { splitAtDashes } from "./options.ts";
import { protocolNamed } from "./protocols.ts";
import { version } from "./version.ts";

interface InitFlags {
  readonly url?: string;
  readonly tokenCmd?: string;
  readonly protocol: string;
  readonly force?: true;
}

export function createInitCommand(): Command {
  return addHelp(new Command("init"), {
    summary: "write a config, a CI workflow and a baseline for a server of yours",
    sentence:
      "Writes the files that a project begins with into this folder: a config that names your server, a GitHub workflow that certifies every change, and a baseline without entries. They work as they are. What is there already is left alone, unless --force is given.",
    examples: [
      ["seatrial init -- ./my-server --port {port}", "for a server that Seatrial starts"],
      [
        "seatrial init --url http://127.0.0.1:8080 --token-cmd './mint {user} {device}'",
        "for one that runs already",
      ],
      ["seatrial init", "with the reference server in its place, to try it out"],
    ],
  })
    .argument("[server...]", "behind --: the command of the server")
    .option("--url <url>", "a server that runs already, instead of a command behind --")
    .option("--token-cmd <command>", "with --url: prints a token; {user} and {device} expand")
    .option("--protocol <name>", "the protocol that it speaks", "waveflow")
    .option("--force", "write over what is there")
    .action((words: string[], flags: InitFlags, self: Command) => {
      const { ids, server } = splitAtDashes(words, self);
      if (ids.length > 0)
        throw new UsageError(`"${ids[0]}": expected the command of the server behind --, or --url`);
      process.stdout.write(init(flags, server));
    });
}

/** Answers what was written and what comes next.  Errors: UsageError, before anything is written. */
function init(flags: InitFlags, words: readonly string[] | undefined): string {
  const { name, profile } = protocolNamed(flags.protocol);
  const server = serverOf(flags, words);
  const files = initFiles({
    server,
    protocol: name,
    levels: profile.levels.map((level) => level.name),
    version: version(),
    schemaUrl: schemaUrl(),
  });
  const isForced = flags.force === true;
  const paths = files.map(({ path }) => path);
  const there = paths.filter((path) => existsSync(path));
  if (there.length > 0 && !isForced)
    throw new UsageError(
      `${there.join(", ")} ${there.length === 1 ? "is" : "are"} there already; nothing was written. Say --force to write over them`,
    );
  const other = configNames.find((config) => config !== configFileName && existsSync(config));
  if (other !== undefined)
    throw new UsageError(
      `${other} is there already, and a project has one config; nothing was written. Keep it, or take it away first`,
    );
  for (const { path, text } of files) writeAtomically(resolve(path), text);
  return nextText(server, { paths, isStandIn: words === undefined && flags.url === undefined });
}

/** Errors: UsageError for two servers, and for what is no address. */
function serverOf({ url, tokenCmd }: InitFlags, words: readonly string[] | undefined): InitServer {
  if (url !== undefined && words !== undefined)
    throw new UsageError("--url names a server, and behind -- stands another one; give one of them");
  if (tokenCmd !== undefined && url === undefined)
    throw new UsageError(
      "--token-cmd is of --url; a server that Seatrial starts is told the secret of its tokens",
    );
  // The reference server stands in until there is one.
  if (url === undefined) return { kind: "command", words: words ?? [...programName().split(" "), "serve"] };
  if (!/^https?:$/u.test(URL.parse(url)?.protocol ?? ""))
    throw new UsageError(
      `--url ${url} is no address of a server; expected one such as http://127.0.0.1:8080`,
    );
  return { kind: "url", url, ...(tokenCmd === undefined ? {} : { tokenCommand: tokenCmd }) };
}

/** Of the package where it is installed in this project, else of where packages are published. */
function schemaUrl(): string {
  const inPackage = "dist/certify/config.schema.json";
  const installed = join("node_modules", "seatrial", inPackage);
  return existsSync(installed) ? `./${installed}` : `https://unpkg.com/seatrial@${version()}/${inPackage}`;
}

function nextText(
  server: InitServer,
  { paths, isStandIn }: { readonly paths: readonly string[]; readonly isStandIn: boolean },
): string {
  const program = programName();
  const needsSecret = server.kind === "url" && server.tokenCommand === undefined;
  const steps = [
    ...(isStandIn
      ? [`put the command of your server into ${configFileName}; the reference server stands in for it`]
      : []),
    ...(needsSecret ? [`set ${secretVariable} to the secret that your server checks tokens with`] : []),
    `${program} doctor: what of your server can be assessed, and what is missing for the rest`,
    `${program} certify: the verdict; ${program} certify --update-baseline keeps what fails today`,
    `commit them; ${workflowPath} certifies every change${server.kind === "url" ? ", once it starts your server" : ""}`,
  ];
  return [
    "written:",
    ...paths.map((path) => `  ${path}`),
    "",
    "next:",
    ...steps.map((step, place) => `  ${place + 1}. ${step}`),
    "",
  ].join("\n");
}
