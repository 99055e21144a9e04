// A server that runs already. Nothing of it is in our hands but a command that kills it and starts it again, where there
// is one. A crash that lasts is played: the server is back as soon as the command ends, and nobody is let through to it
// until it is told to start, so that those who talk to it see what they would see of one that stays down.
import { setTimeout as sleep } from "node:timers/promises";
import { type Health, lookAtHealth } from "./health.ts";
import { CommandFailed, runShellCommand } from "./shell-command.ts";
import { startTimeoutMs } from "./server-process.ts";
import { type Subject, SubjectFailed } from "./subject.ts";
import { secretsOf, type UrlTarget, withoutSecrets } from "./target.ts";

export class UrlSubject implements Subject {
  readonly name = "server";
  readonly processId = undefined;
  readonly isPaused = false;
  readonly #target: UrlTarget;
  #isDown = false;

  constructor(target: UrlTarget) {
    this.#target = target;
  }

  get url(): string | undefined {
    return this.#isDown ? undefined : this.#target.url;
  }

  async start(): Promise<void> {
    this.#isDown = false;
  }

  /** It was there before us, and stays. */
  async stop(): Promise<void> {
    this.#isDown = false;
  }

  /** Done when the server has been killed and answers again; until `start` nobody hears of it. */
  async kill(): Promise<void> {
    this.#isDown = true;
    await this.restart();
  }

  /** Runs the restart command and waits until the server answers.  Errors: `SubjectFailed`. */
  async restart(): Promise<void> {
    const { restartCommand, startTimeoutMs: timeoutMs = startTimeoutMs } = this.#target;
    if (restartCommand === undefined) {
      throw new SubjectFailed(
        "not_started",
        `the server at ${this.#target.url} cannot be restarted: no command`,
      );
    }
    try {
      const secrets = secretsOf(this.#target);
      await runShellCommand({ line: restartCommand, values: { url: this.#target.url }, timeoutMs, secrets });
    } catch (error) {
      if (error instanceof CommandFailed)
        throw new SubjectFailed("unusable", `the server was not restarted: ${error.message}`);
      throw error;
    }
    const until = performance.now() + timeoutMs;
    let seen = await this.health();
    while (!seen.isUp && performance.now() < until) {
      await sleep(pauseMs);
      seen = await this.health();
    }
    if (seen.isUp) return;
    const line = withoutSecrets(restartCommand, secretsOf(this.#target));
    throw new SubjectFailed(
      "not_started",
      `after the command "${line}" the server at ${this.#target.url} was not up within ${timeoutMs} ms: ${seen.text}`,
    );
  }

  pause(): void {
    throw new Error(`the server at ${this.#target.url} cannot be had stand still`);
  }

  resume(): void {
    // It never stands still.
  }

  lastLines(): readonly string[] {
    return [];
  }

  /** One look at its health path. A server may have none: whatever answers there below 500 is up. */
  async health(): Promise<Health> {
    return lookAtHealth(`${this.#target.url}${this.#target.healthPath}`);
  }
}

const pauseMs = 50;
