// One life of a client under test: the process of its driver, from its start to its end or kill. Lines go back and forth;
// every way in which a stranger's program can fail to be a driver ends in one sentence that says what was seen and what
// was expected. Leaves out: what the words mean.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { endWithUs, killGroup } from "../../live/subjects/children.ts";
import { OutputTail } from "../../live/subjects/output-tail.ts";
import { DriverFailed, type DriverFault } from "./driver-failed.ts";
import { type Command, driverVersion, type Greeting, greetingSchema, replySchema } from "./messages.ts";

export interface DriverCommand {
  readonly file: string;
  readonly args: readonly string[];
}

export interface DriverTimes {
  /** From the start of the process to its greeting.  Units: milliseconds. */
  readonly greetingMs: number;
  /** For one reply.  Units: milliseconds. */
  readonly replyMs: number;
}

export interface DriverProcessOptions {
  readonly command: DriverCommand;
  readonly times: DriverTimes;
  /** The process ended although nobody had asked for it. */
  readonly onUnexpectedEnd?: (how: string) => void;
}

/** What a driver answered: it was done, or the client would not. */
export type Answer = { readonly ok: unknown } | { readonly refused: string };

interface Waiting {
  readonly command: Command;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: DriverFailed) => void;
}

/** A longer line is no line of this conversation.  Units: characters. */
const lineLengthMax = 32 * 1_048_576;
const wordsShown = 200;

export class DriverProcess {
  readonly #options: DriverProcessOptions;
  readonly #child: ChildProcess;
  readonly #errors = new OutputTail();
  readonly #greeting = Promise.withResolvers<Greeting>();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #hasGreeted = false;
  #isEnding = false;
  #failure: DriverFailed | undefined;

  private constructor(options: DriverProcessOptions) {
    this.#options = options;
    const { file, args } = options.command;
    this.#child = spawn(file, args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
    endWithUs(this.#child);
    this.#greeting.promise.catch(() => undefined);
    this.#listen();
  }

  /** Starts the driver and waits for its greeting.
   *  Errors: `DriverFailed`; then nothing of it is left. */
  static async start(
    options: DriverProcessOptions,
  ): Promise<{ readonly driver: DriverProcess; readonly greeting: Greeting }> {
    const driver = new DriverProcess(options);
    const { greetingMs } = options.times;
    const timer = setTimeout(
      () => driver.#fail("no_greeting", `wrote no greeting within ${greetingMs} ms. ${greetingWords}`),
      greetingMs,
    );
    try {
      return { driver, greeting: await driver.#greeting.promise };
    } catch (error) {
      driver.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  get processId(): number | undefined {
    return this.#child.pid;
  }

  /** Sends a command and waits for the reply to it. Several may be under way.
   *  Errors: `DriverFailed`. */
  async ask(command: Command): Promise<Answer> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = ++this.#lastId;
    const { replyMs } = this.#options.times;
    const answered = new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { command, resolve, reject });
    });
    const timer = setTimeout(
      () => this.#fail("no_reply", `gave no reply to ${shown({ id, ...command })} within ${replyMs} ms`),
      replyMs,
    );
    this.#child.stdin!.write(`${JSON.stringify({ id, ...command })}\n`);
    try {
      return await answered;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Asks it to stop, and kills it if it does not. */
  async stop(graceMs = 2_000): Promise<void> {
    this.#isEnding = true;
    if (this.#hasEnded()) return;
    const gone = once(this.#child, "exit");
    const timer = setTimeout(() => killGroup(this.#child, "SIGKILL"), graceMs);
    this.#child.stdin!.write(`${JSON.stringify({ id: ++this.#lastId, do: "stop" })}\n`);
    this.#child.stdin!.end();
    await gone;
    clearTimeout(timer);
    killGroup(this.#child, "SIGKILL");
  }

  /** Ends it where it stands, with everything that it has started. Commands under way are never answered. */
  kill(): void {
    this.#isEnding = true;
    this.#waiting.clear();
    killGroup(this.#child, "SIGKILL");
  }

  /** Has it stand still, as far as a signal can. */
  pause(): void {
    killGroup(this.#child, "SIGSTOP");
  }

  resume(): void {
    killGroup(this.#child, "SIGCONT");
  }

  /** What it last wrote on its standard error. */
  lastLines(): readonly string[] {
    return this.#errors.lines;
  }

  #hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  #listen(): void {
    const { stdin, stdout, stderr } = this.#child;
    this.#errors.follow(stderr!);
    // A driver that has ended takes no commands; its end is told by `close`.
    stdin!.on("error", () => undefined);
    let rest = "";
    stdout!.setEncoding("utf8");
    stdout!.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(line.trimEnd());
      if (rest.length > lineLengthMax)
        this.#fail("garbage", `wrote a line of more than ${lineLengthMax} characters`);
    });
    stdout!.on("error", () => undefined);
    this.#child.once("error", (error) =>
      this.#fail("not_started", `could not be started: ${error.message}. Is the path right, and executable?`),
    );
    this.#child.once("close", (code, signal) => {
      if (rest.trim() !== "") this.#take(rest.trim());
      this.#ended(code === null ? `signal ${signal}` : `exit code ${code}`);
    });
  }

  #ended(how: string): void {
    if (this.#isEnding || this.#failure !== undefined) return;
    const when = this.#hasGreeted ? "in the middle of the conversation" : "before it had greeted";
    const expected = this.#hasGreeted ? "" : ` ${greetingWords}`;
    this.#fail("died", `ended by itself with ${how}, ${when}.${expected}`);
    this.#options.onUnexpectedEnd?.(how);
  }

  #take(line: string): void {
    if (line === "" || this.#isEnding || this.#failure !== undefined) return;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      const html = /^\s*</u.test(line) ? " That looks like HTML." : "";
      const fix = "Only lines of this conversation go to standard output; logs go to standard error.";
      return this.#fail("garbage", `wrote ${shown(line)}, which is no JSON.${html} ${fix}`);
    }
    if (this.#hasGreeted) this.#takeReply(value);
    else this.#takeGreeting(value);
  }

  #takeGreeting(value: unknown): void {
    const greeting = greetingSchema.safeParse(value);
    if (greeting.success) {
      this.#hasGreeted = true;
      return this.#greeting.resolve(greeting.data);
    }
    const said = typeof value === "object" && value !== null && "seatrial" in value ? value.seatrial : "";
    if (typeof said === "string" && said !== "" && said !== driverVersion) {
      return this.#fail("wrong_version", `speaks ${said}; this Seatrial speaks ${driverVersion}`);
    }
    this.#fail("no_greeting", `began with ${shown(value)}. ${greetingWords}`);
  }

  #takeReply(value: unknown): void {
    const reply = replySchema.safeParse(value);
    if (!reply.success) {
      const expected = 'expected {"id":…,"ok":…}, {"id":…,"refused":"why"} or {"id":…,"error":"what"}';
      return this.#fail("garbage", `wrote ${shown(value)}, which is no reply; ${expected}`);
    }
    const { data } = reply;
    const waiting = this.#waiting.get(data.id);
    if (waiting === undefined) {
      const open = [...this.#waiting.keys()].join(", ");
      const expected = open === "" ? "nothing was asked" : `waiting for a reply to ${open}`;
      return this.#fail("wrong_id", `replied to ${data.id}: ${shown(value)}; ${expected}`);
    }
    this.#waiting.delete(data.id);
    if ("error" in data) {
      const what = `says that it failed itself, at ${shown(waiting.command)}: ${shown(data.error)}`;
      waiting.reject(this.#failed("failed_itself", what));
    } else waiting.resolve("refused" in data ? { refused: String(data.refused) } : { ok: data.ok });
  }

  /** After this nothing it says counts. */
  #fail(fault: DriverFault, what: string): void {
    if (this.#failure !== undefined || this.#isEnding) return;
    this.#failure = this.#failed(fault, what);
    this.#greeting.reject(this.#failure);
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
    killGroup(this.#child, "SIGKILL");
  }

  #failed(fault: DriverFault, what: string): DriverFailed {
    const { file, args } = this.#options.command;
    const lines = this.#errors.lines.slice(-linesInMessage);
    const said = lines.length === 0 ? "" : `\n  on standard error:\n  ${lines.join("\n  ")}`;
    return new DriverFailed(fault, `the driver (${[file, ...args].join(" ")}) ${what}${said}`);
  }
}

const linesInMessage = 10;
const greetingWords = `Expected the line {"seatrial":"${driverVersion}","protocol":"…","name":"…","can":[…]} first.`;

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > wordsShown ? `${text.slice(0, wordsShown)}…` : text;
}
