// One of our own servers as a process: from source where Seatrial runs from source, built where it is built. Node reads
// our TypeScript as it stands, so both are the same command.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endWithUs } from "./children.ts";
import { OutputTail } from "./output-tail.ts";
import { type Subject, SubjectFailed, type UnexpectedEnd } from "./subject.ts";

export interface ReferenceProcessOptions {
  readonly name: string;
  /** The server's entry below the root of Seatrial, without its ending: "reference-server/main". */
  readonly entry: string;
  /** Beside what every Seatrial server is told: address, database, secrets. */
  readonly env: Readonly<Record<string, string>>;
  readonly onUnexpectedEnd: UnexpectedEnd;
  /** How long it may take to listen. */
  readonly startTimeoutMs?: number;
  /** How long an orderly end may take before it is forced. */
  readonly stopTimeoutMs?: number;
}

const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

export class ReferenceProcess implements Subject {
  readonly name: string;
  readonly #options: ReferenceProcessOptions;
  readonly #output = new OutputTail();
  #child: ChildProcess | undefined;
  #url: string | undefined;

  constructor(options: ReferenceProcessOptions) {
    this.#options = options;
    this.name = options.name;
  }

  get url(): string | undefined {
    return this.#url;
  }

  get processId(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const child = this.#spawn();
    this.#child = child;
    endWithUs(child);
    child.once("exit", (code, signal) =>
      this.#ended(child, code === null ? `signal ${signal}` : `exit code ${code}`),
    );
    const url = await this.#untilListening(child);
    if (this.#child === child) this.#url = url;
  }

  async stop(): Promise<void> {
    const child = this.#release();
    if (child === undefined) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const impatience = setTimeout(() => {
      this.#output.add(`[seatrial] ${this.name} did not end in time after SIGTERM and was killed`);
      child.kill("SIGKILL");
    }, this.#options.stopTimeoutMs ?? 5_000);
    await gone;
    clearTimeout(impatience);
  }

  async kill(): Promise<void> {
    const child = this.#release();
    if (child === undefined) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  lastLines(): readonly string[] {
    return this.#output.lines;
  }

  /** Takes the process out of service: from here on its end is expected. */
  #release(): ChildProcess | undefined {
    const child = this.#child;
    this.#child = undefined;
    this.#url = undefined;
    const isGone =
      child === undefined || child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    return isGone ? undefined : child;
  }

  #spawn(): ChildProcess {
    const script = new URL(`../../${this.#options.entry}${ending}`, import.meta.url);
    const preload = new URL(`end-with-parent${ending}`, import.meta.url);
    return spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--import", preload.href, fileURLToPath(script)],
      {
        env: {
          ...inheritedEnv(),
          NODE_COMPILE_CACHE: compileCache,
          HOST: "127.0.0.1",
          PORT: "0",
          ...this.#options.env,
        },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      },
    );
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    const wasRunning = this.#url !== undefined;
    this.#child = undefined;
    this.#url = undefined;
    this.#output.add(`[seatrial] ${this.name} ended by itself: ${how}`);
    if (wasRunning) this.#options.onUnexpectedEnd(this, how);
  }

  async #untilListening(child: ChildProcess): Promise<string> {
    const listening = Promise.withResolvers<string>();
    const timeoutMs = this.#options.startTimeoutMs ?? 30_000;
    const fail = (what: string): void => listening.reject(this.#failure(what));
    const timer = setTimeout(() => fail(`did not listen within ${timeoutMs} ms`), timeoutMs);
    child.once("error", (error) => fail(`could not be started: ${error.message}`));
    child.once("close", (code, signal) =>
      fail(`ended with ${code === null ? `signal ${signal}` : `exit code ${code}`}`),
    );
    this.#output.follow(child.stdout!, (line) => {
      const url = listeningUrl(line);
      if (url !== undefined) listening.resolve(url);
    });
    this.#output.follow(child.stderr!);
    try {
      return await listening.promise;
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #failure(what: string): SubjectFailed {
    const lines = this.#output.lines.slice(-linesInMessage);
    const said = lines.length === 0 ? "It wrote nothing." : `It wrote:\n  ${lines.join("\n  ")}`;
    const expected = 'Expected one line {"listening":"http://…"} on its standard output.';
    return new SubjectFailed(
      "not_started",
      `${this.name} (${this.#options.entry}) ${what}. ${expected} ${said}`,
    );
  }
}

const linesInMessage = 20;

/** Halves the time in which a server starts. Node's own place for it. */
const compileCache = join(tmpdir(), "node-compile-cache");

/** What a server needs of the machine. Not more: a JWKS_URL or a NODE_OPTIONS of this shell is not meant for it. */
function inheritedEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => ofTheMachine.test(name)));
}

const ofTheMachine =
  /^(?:PATH|HOME|TMPDIR|TEMP|TMP|LANG|LC_.*|TZ|SYSTEMROOT|PG.*|SSL_.*|NODE_V8_COVERAGE|NODE_EXTRA_CA_CERTS)$/iu;

function listeningUrl(line: string): string | undefined {
  if (!line.includes('"listening"')) return undefined;
  try {
    const { listening } = JSON.parse(line) as { readonly listening?: unknown };
    return typeof listening === "string" ? listening.replace(/\/+$/u, "") : undefined;
  } catch {
    return undefined;
  }
}
