// The three files that a project begins with: a config that names its server, a baseline without entries, and a workflow
// that certifies every change. They work as they are; what is still to be said stands in them as comments.
import { baselineFileName } from "../baseline-file.ts";

/** Whose server it is. */
export type InitServer =
  | { readonly kind: "command"; readonly words: readonly string[] }
  | {
      readonly kind: "url";
      readonly url: string;
      /** Prints a token. Absent: a secret in the environment. */
      readonly tokenCommand?: string;
    };

export interface InitRequest {
  readonly server: InitServer;
  /** By its name. */
  readonly protocol: string;
  /** Names of its levels, lowest first. */
  readonly levels: readonly string[];
  /** Of this Seatrial: what CI is to fetch. */
  readonly version: string;
  /** Where an editor finds the schema of the config. */
  readonly schemaUrl: string;
}

export interface InitFile {
  /** Below the folder of the project, with `/`. */
  readonly path: string;
  readonly text: string;
}

export const configFileName = "seatrial.config.yaml";
export const workflowPath = ".github/workflows/seatrial.yml";
/** What the tokens of a server at a URL are signed with, where nobody said how else they are had. */
export const secretVariable = "JWT_SECRET";

export const initFiles = (request: InitRequest): readonly InitFile[] => [
  { path: configFileName, text: configText(request) },
  { path: baselineFileName, text: baselineText },
  { path: workflowPath, text: workflowText(request) },
];

/** Words as YAML writes them; `${` is not for Seatrial to expand. */
const quoted = (text: string): string => JSON.stringify(text.replaceAll("${", () => "$${"));

function configText({ server, protocol, levels, schemaUrl }: InitRequest): string {
  return `# yaml-language-server: $schema=${schemaUrl}
# How Seatrial tests this server. A flag goes over SEATRIAL_*, which goes over this file. \${NAME} is taken from the
# environment, so that no secret has to stand here.

protocol: ${quoted(protocol)}

# Levels to certify; all where this is left out: ${levels.join(", ")}.
# level: [${levels[0] ?? ""}]

${server.kind === "url" ? urlText(server) : commandText(server.words)}
# What a black box does not let be asked for. A server that Seatrial starts is told its token, SEATRIAL_CONTROL_TOKEN, and
# needs nothing here; without hooks, what needs them is blocked.
# hooks:
#   control: { url: "http://127.0.0.1:8080", token: "\${SEATRIAL_CONTROL_TOKEN}" }
#   compact: "./compact {user}"
#   clock: "./clock {advance_ms}"

# What the server declares not to have, so that it is not asked for it.
# abilities: { socket: false }

# Failures that are known. "seatrial certify --update-baseline" writes them.
baseline: ${quoted(baselineFileName)}
`;
}

function commandText(words: readonly string[]): string {
  return `# Started for each group of scenarios with PORT, HOST, DATABASE_URL, JWT_SECRET and SEATRIAL_CONTROL_TOKEN in its
# environment; {port} and {database_url} expand in its words.
server:
  command: [${words.map(quoted).join(", ")}]
  # health: /healthz
  # env: { LOG_LEVEL: debug }
`;
}

function urlText({ url, tokenCommand }: Extract<InitServer, { kind: "url" }>): string {
  const tokens =
    tokenCommand === undefined
      ? `# HS256; or a command that prints a token: "./mint {user} {device}".
tokens:
  secret: \${${secretVariable}}`
      : `tokens:
  command: ${quoted(tokenCommand)}`;
  return `# A server that runs already. Nothing is sent to an address that is not this machine's without iOwnThisServer: true.
server:
  url: ${quoted(url)}
  # health: /healthz

${tokens}
`;
}

const baselineText = `# Failures that this build is known to have. Each is run and has to fail as it says here; one that no longer fails has to
# be taken out. An entry:
#
#   - id: scenario::rule
#     reason: why it is let pass for now
#     issue: where it is being worked on (may be left out)
#     expires: 2030-12-31 (the last day on which it excuses anything; may be left out)

[]
`;

function workflowText({ server, version }: InitRequest): string {
  const needsSecret = server.kind === "url" && server.tokenCommand === undefined;
  const environment = needsSecret
    ? `
        env:
          ${secretVariable}: \${{ secrets.${secretVariable} }}`
    : "";
  const preparation =
    server.kind === "url"
      ? `# Start your server here, so that it answers at ${server.url}.`
      : "# Build your server here.";
  return `name: Seatrial

on:
  push:
    branches: [main]
  pull_request:

permissions:
  contents: read

jobs:
  certify:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 24

      ${preparation}

      # Writes its summary to the page of the job by itself. Exit code 1: a violation; 4: something could not be assessed.
      - name: Certify
        run: npx --yes seatrial@${version} certify${environment}

      - name: Keep the report
        if: \${{ !cancelled() }}
        uses: actions/upload-artifact@v4
        with:
          name: seatrial-report
          path: seatrial-report
`;
}
