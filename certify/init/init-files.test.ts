import { describe, expect, it } from "vitest";
import { parse, parseDocument } from "yaml";
import { readBaseline } from "../baseline-file.ts";
import { readConfigText } from "../load-config.ts";
import { resolveSettings } from "../settings.ts";
import { initFiles, type InitServer } from "./init-files.ts";

const odd = ["./my server", "--port", "{port}", "it's", 'a "word"', "${HOME}", "# no comment", "a: b"];

const servers: readonly (readonly [string, InitServer])[] = [
  ["a command", { kind: "command", words: ["./my-server", "--port", "{port}"] }],
  ["a command of odd words", { kind: "command", words: odd }],
  ["an address", { kind: "url", url: "http://127.0.0.1:8080" }],
  [
    "an address with its own tokens",
    { kind: "url", url: "http://127.0.0.1:8080", tokenCommand: "./mint {user} {device}" },
  ],
];

const filesFor = (server: InitServer): Readonly<Record<string, string>> =>
  Object.fromEntries(
    initFiles({
      server,
      protocol: "waveflow",
      levels: ["core", "realtime"],
      version: "1.2.3",
      schemaUrl: "https://unpkg.com/seatrial/config.schema.json",
    }).map(({ path, text }) => [path, text]),
  );

describe.each(servers)("for %s", (_what, server) => {
  const files = filesFor(server);

  it("the config loads, and says whose server it is", () => {
    const config = readConfigText(files["seatrial.config.yaml"]!, "seatrial.config.yaml", {
      JWT_SECRET: "s3cret",
    });
    const settings = resolveSettings({}, {}, { file: "seatrial.config.yaml", config });
    expect(settings).toMatchObject({ protocol: "waveflow", baseline: "conformance-baseline.yaml" });
    expect(settings.target).toEqual(
      server.kind === "command"
        ? { server: { command: server.words } }
        : {
            server: { url: server.url },
            tokens:
              server.tokenCommand === undefined ? { secret: "s3cret" } : { command: server.tokenCommand },
          },
    );
  });

  it("what the config only suggests loads as well, where the comment is taken off", () => {
    const text = files["seatrial.config.yaml"]!.replaceAll(/^( *)# ((?: {2})?[a-z]+:(?: .*)?)$/gmu, "$1$2");
    const environment = { JWT_SECRET: "s", SEATRIAL_CONTROL_TOKEN: "t" };
    expect(readConfigText(text, "c.yaml", environment)).toMatchObject({
      level: ["core"],
      hooks: { control: { token: "t" }, compact: "./compact {user}", clock: "./clock {advance_ms}" },
      abilities: { socket: false },
      server: { health: "/healthz" },
    });
  });

  it("the baseline parses, and its example would", () => {
    const text = files["conformance-baseline.yaml"]!;
    expect(readBaseline(text, "b.yaml")).toEqual({ ok: true, entries: [] });
    const example = text
      .replaceAll(/^# {3}( *[-a-z])/gmu, "$1")
      .replaceAll(/ \(.*\)$/gmu, "")
      .replace("[]", "");
    expect(readBaseline(example, "b.yaml")).toMatchObject({ ok: true, entries: [{ expires: "2030-12-31" }] });
  });

  it("the workflow is one, certifies by this version, and keeps the report whatever the verdict", () => {
    const text = files[".github/workflows/seatrial.yml"]!;
    expect(parseDocument(text).errors).toEqual([]);
    const { on, jobs } = parse(text) as {
      on: object;
      jobs: { certify: { steps: readonly Readonly<Record<string, unknown>>[] } };
    };
    expect(Object.keys(on)).toEqual(["push", "pull_request"]);
    const { steps } = jobs.certify;
    const run = steps.find((step) => "run" in step)!;
    expect(run["run"]).toBe("npx --yes seatrial@1.2.3 certify");
    const needsSecret = server.kind === "url" && server.tokenCommand === undefined;
    expect(run["env"]).toEqual(needsSecret ? { JWT_SECRET: "${{ secrets.JWT_SECRET }}" } : undefined);
    expect(steps.at(-1)).toMatchObject({
      if: "${{ !cancelled() }}",
      uses: "actions/upload-artifact@v4",
      with: { path: "seatrial-report" },
    });
  });
});
