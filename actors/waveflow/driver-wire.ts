// Writes down what a client in a process of its own asks and is told, in the words in which our own devices' exchanges
// are written down. The bytes pass by themselves; this only reads.
import {
  type DeviceSocket,
  type IncomingReply,
  NoAnswer,
  type OutgoingRequest,
  UpgradeRefused,
} from "../../reference-client/waveflow/ports.ts";
import type { DriverOccupant, DriverRequest, DriverSocket } from "../driver-seat.ts";
import { type RecordingOptions, type RecordingTransport, recordingTransport } from "./recording-transport.ts";

export interface DriverWireOptions extends Omit<RecordingOptions, "user"> {
  /** Whose token this is; of one that nobody gave it, whoever is signed in. A request that was under way when the account
   *  was changed is still the first one's. */
  readonly userOf: (token: string) => string;
  /** The server's name in histories. */
  readonly server: string;
  readonly line: () => Promise<string>;
  /** A point at which the world may end this life. */
  readonly moment: () => Promise<void>;
}

/** A crash of the driver can be placed at each of its moments: when a request has come, and when its answer has. */
export class DriverWire implements DriverOccupant {
  readonly target: () => Promise<string>;
  readonly #options: DriverWireOptions;
  readonly #recording: RecordingTransport;
  /** What carries each request that is being written down. */
  readonly #carrying = new WeakMap<OutgoingRequest, DriverRequest>();
  readonly #opening = new WeakMap<object, DriverSocket>();

  constructor(options: DriverWireOptions) {
    this.#options = options;
    this.target = options.line;
    const { moment } = options;
    this.#recording = recordingTransport(
      {
        exchange: async (request) => {
          await moment();
          return this.#carrying.get(request)!.carry(moment).catch(toNoAnswer);
        },
        openSocket: async (request, { onFrame, onClose }) => {
          await moment();
          const socket = this.#opening.get(request)!;
          await socket
            .open({
              onServerFrame: onFrame,
              onClientFrame: (frame) => this.#opened.get(request)?.send(frame),
              onClose: (code) => onClose(code ?? brokenCode),
            })
            .catch(toNoAnswer);
          return { send: () => undefined, close: () => undefined };
        },
      },
      { ...options, user: () => this.#asking },
    );
  }

  readonly #opened = new WeakMap<object, DeviceSocket>();
  /** Who asks, while a request is being taken down. */
  #asking = "";

  onRequest(passing: DriverRequest): void {
    const { method, path, headers, body } = passing;
    const { server } = this.#options;
    const request = { method: method as OutgoingRequest["method"], server, path, headers, body };
    this.#carrying.set(request, passing);
    this.#asking = this.#userOf(headers);
    // What became of it is in the history.
    this.#recording.exchange(request).catch(() => undefined);
  }

  onSocket(passing: DriverSocket): void {
    const { path, headers } = passing;
    const request = { server: this.#options.server, path, headers };
    this.#opening.set(request, passing);
    this.#asking = this.#userOf(headers);
    this.#recording
      .openSocket(request, { onFrame: () => undefined, onClose: () => undefined })
      .then((socket) => this.#opened.set(request, socket))
      .catch(() => undefined);
  }

  #userOf({ authorization = "" }: Readonly<Record<string, string>>): string {
    return this.#options.userOf(authorization.replace(bearer, ""));
  }
}

const bearer = /^Bearer\s+/iu;

/** Source: RFC 6455, section 7.4.1, "abnormal closure". */
const brokenCode = 1006;

function toNoAnswer(error: unknown): never {
  if (error instanceof Error && "reply" in error) throw new UpgradeRefused(error.reply as IncomingReply);
  throw new NoAnswer(error instanceof Error ? error.message : String(error));
}
