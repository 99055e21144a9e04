// A server as a process that a command starts: one of ours, or anybody's. It is told by its environment where to listen
// and which database is its own, and leads a group of processes, so that whatever it starts ends with it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../free-port.ts";
import { endWithUs, killGroup } from "./children.ts";
import { lookAtHealth } from "./health.ts";
import { listeningPorts } from "./listening-ports.ts";
import { OutputTail } from "./output-tail.ts";
import { type Subject, SubjectFailed, type UnexpectedEnd } from "./subject.ts";

/** How a server is started. */
export interface ServerCommand {
  /** For messages. */
  readonly title: string;
  readonly file: string;
  /** `{port}` and `{database_url}` stand for what the environment says as well. */
  readonly args: readonly string[];
  /** Beside what every server is told. */
  readonly env: Readonly<Record<string, string>>;
  /** Where it runs. Default: where this process does. */
  readonly directory?: string;
  /** It prints one line `{"listening":"http://…"}` and may choose its port (`PORT=0`); or it listens on the `PORT` that
   *  it is told and is ready when this path answers with a success. It may print the line all the same. */
  readonly readiness: "says so" | { readonly healthPath: string };
  /** How long it may take to listen. Default: 30000. */
  readonly startTimeoutMs?: number;
}

export interface ServerProcessOptions {
  readonly name: string;
  readonly command: ServerCommand;
  /** What this server is told: database, secrets, settings. */
  readonly env: Readonly<Record<string, string>>;
  readonly onUnexpectedEnd: UnexpectedEnd;
  /** How long an orderly end may take before it is forced. */
  readonly stopTimeoutMs?: number;
}

export class ServerProcess implements Subject {
  readonly name: string;
  readonly #options: ServerProcessOptions;
  readonly #output = new OutputTail();
  #child: ChildProcess | undefined;
  /** Whose end is expected. */
  #ending: ChildProcess | undefined;
  #url: string | undefined;
  #isPaused = false;

  constructor(options: ServerProcessOptions) {
    this.#options = options;
    this.name = options.name;
  }

  get url(): string | undefined {
    return this.#url;
  }

  get processId(): number | undefined {
    return this.#child?.pid;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    if (this.#child === undefined || this.#isPaused) return;
    this.#isPaused = true;
    killGroup(this.#child, "SIGSTOP");
  }

  resume(): void {
    if (this.#child === undefined || !this.#isPaused) return;
    this.#isPaused = false;
    killGroup(this.#child, "SIGCONT");
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const { readiness } = this.#options.command;
    const port = readiness === "says so" ? 0 : await freePort();
    const child = this.#spawn(port);
    this.#child = child;
    endWithUs(child);
    child.once("exit", (code, signal) =>
      this.#ended(child, code === null ? `signal ${signal}` : `exit code ${code}`),
    );
    const url = await this.#untilListening(child, port);
    if (this.#child === child) this.#url = url;
  }

  async stop(): Promise<void> {
    // One that stands still would hear of it when somebody has it go on, and nobody waits for that.
    await this.#end(this.#isPaused ? "SIGKILL" : "SIGTERM");
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  lastLines(): readonly string[] {
    return this.#output.lines;
  }

  /** It stays where it is until the operating system has it no more: who stops in good order still answers. */
  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#ending = child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      this.#forget();
      return;
    }
    const gone = once(child, "exit");
    killGroup(child, signal);
    const impatience = setTimeout(() => {
      this.#output.add(`[seatrial] ${this.name} did not end in time after ${signal} and was killed`);
      killGroup(child, "SIGKILL");
    }, this.#options.stopTimeoutMs ?? 5_000);
    await gone;
    clearTimeout(impatience);
  }

  #forget(): void {
    this.#child = undefined;
    this.#url = undefined;
    this.#isPaused = false;
  }

  #spawn(port: number): ChildProcess {
    const { command, env } = this.#options;
    const told: Readonly<Record<string, string>> = {
      HOST: "127.0.0.1",
      PORT: String(port),
      ...command.env,
      ...env,
    };
    const args = command.args.map((argument) =>
      argument.replaceAll("{port}", String(port)).replaceAll("{database_url}", told.DATABASE_URL ?? ""),
    );
    return spawn(command.file, args, {
      cwd: command.directory,
      env: { ...inheritedEnv(), ...told },
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    const wasRunning = this.#url !== undefined;
    this.#forget();
    if (this.#ending === child) return;
    this.#output.add(`[seatrial] ${this.name} ended by itself: ${how}`);
    if (wasRunning) this.#options.onUnexpectedEnd(this, how);
  }

  async #untilListening(child: ChildProcess, port: number): Promise<string> {
    const listening = Promise.withResolvers<string>();
    const over = new AbortController();
    const timeoutMs = this.#options.command.startTimeoutMs ?? startTimeoutMs;
    const fail = (what: string): void => listening.reject(this.#failure(what));
    let seen = "";
    const timer = setTimeout(() => {
      void elsewhere(child, port).then((where) => fail(`was not up within ${timeoutMs} ms${seen}${where}`));
    }, timeoutMs);
    child.once("error", (error) => fail(`could not be started: ${error.message}`));
    child.once("close", (code, signal) =>
      fail(`ended with ${code === null ? `signal ${signal}` : `exit code ${code}`}`),
    );
    this.#output.follow(child.stdout!, (line) => {
      const url = listeningUrl(line);
      if (url !== undefined) listening.resolve(url);
    });
    this.#output.follow(child.stderr!);
    const { readiness } = this.#options.command;
    if (readiness !== "says so") {
      const url = `http://127.0.0.1:${port}`;
      const note = (text: string): void => void (seen = `: ${text}`);
      void untilHealthy(`${url}${readiness.healthPath}`, over.signal, note).then(
        () => listening.resolve(url),
        () => undefined,
      );
    }
    try {
      return await listening.promise;
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      over.abort();
      clearTimeout(timer);
    }
  }

  #failure(what: string): SubjectFailed {
    const { title, readiness } = this.#options.command;
    const lines = this.#output.lines.filter((line) => !line.startsWith("[seatrial]")).slice(-linesInMessage);
    const said = lines.length === 0 ? "It wrote nothing." : `It wrote:\n  ${lines.join("\n  ")}`;
    const line = 'one line {"listening":"http://…"} on its standard output';
    const expected =
      readiness === "says so"
        ? `Expected ${line}.`
        : `Expected a success from GET ${readiness.healthPath} (--health) on the PORT that it was told, or ${line}, within --start-timeout.`;
    return new SubjectFailed("not_started", `${this.name} (${title}) ${what}. ${expected} ${said}`);
  }
}

/** Resolves when the address answers with a success. `note` hears what is seen until then. */
async function untilHealthy(url: string, signal: AbortSignal, note: (text: string) => void): Promise<void> {
  for (;;) {
    const { status, text } = await lookAtHealth(url, signal);
    if (status !== undefined && status >= 200 && status < 300) return;
    if (!signal.aborted) note(text);
    await sleep(healthPauseMs, undefined, { signal });
  }
}

/** Where it listens instead, as the end of a sentence. */
async function elsewhere({ pid }: ChildProcess, port: number): Promise<string> {
  const ports = pid === undefined ? [] : await listeningPorts(pid);
  const others = ports.filter((one) => one !== port);
  if (port === 0 || others.length === 0 || ports.includes(port)) return "";
  return `; it listens on ${others.join(", ")} instead of the PORT ${port} that it was told`;
}

/** Units: milliseconds. */
export const startTimeoutMs = 30_000;

/** Between two looks at whether a server is up.  Units: milliseconds. */
const healthPauseMs = 25;

const linesInMessage = 20;

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
