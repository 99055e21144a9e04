// A server under test as a world handles it: one process that comes and goes, and keeps nothing but its database.

export interface Subject {
  /** As the history names it: "server", "server 2". */
  readonly name: string;
  /** Where it listens, without a slash at the end; `undefined` while it is down. A restart may change it. */
  readonly url: string | undefined;
  /** As the operating system knows it; `undefined` while it is down. */
  readonly processId: number | undefined;
  /** Starts it, or does nothing if it is up. Done when it takes requests.
   *  Errors: `SubjectFailed`. */
  start(): Promise<void>;
  /** Ends it in good order, or by force when it takes too long or is paused. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL). Done when the operating system has it no more. */
  kill(): Promise<void>;
  /** Stopped where it stands: it does nothing, and the system goes on taking connections for it. */
  readonly isPaused: boolean;
  /** Has it stand still, or go on.  Source: POSIX, SIGSTOP, SIGCONT. */
  pause(): void;
  resume(): void;
  /** The end of what all its lives have written to their outputs, oldest line first. */
  lastLines(): readonly string[];
}

/** Told when a process ended that nobody had ended. */
export type UnexpectedEnd = (subject: Subject, how: string) => void;

/** A server did not come up, or cannot do what was asked of it. The message has what it wrote last. */
export class SubjectFailed extends Error {
  override readonly name = "SubjectFailed";
  /** `no_second_process`: one comes up on the database, and no further one beside it. `unusable`: it is up, and nothing can be said of it, because it does not speak the protocol to us at all. */
  readonly code: "not_started" | "no_second_process" | "hook_failed" | "token_failed" | "unusable";

  constructor(code: SubjectFailed["code"], message: string) {
    super(message);
    this.code = code;
  }
}
