// How a connection begins: packets without a type byte, of which some ask for encryption, one asks to cancel, and one is
// the startup itself. Encryption is refused as a PostgreSQL that was built without it does, and the frontend then goes on
// in the clear or gives up, as its sslmode says.
// Source: PostgreSQL manual, "Start-up", "SSL Session Encryption", "Canceling Requests in Progress".
import { stringsOf } from "./messages.ts";

export type StartupStep =
  | { readonly kind: "incomplete" }
  /** Answered with one byte; more packets follow. */
  | { readonly kind: "refuse encryption" }
  /** The packet goes to the database on a connection of its own. */
  | { readonly kind: "cancel"; readonly packet: Buffer }
  | { readonly kind: "startup"; readonly packet: Buffer; readonly parameters: ReadonlyMap<string, string> }
  /** A version of the protocol that is not spoken here. */
  | { readonly kind: "unsupported"; readonly version: string }
  /** Not the beginning of a connection to PostgreSQL, such as a browser's or a TLS handshake without asking first. */
  | { readonly kind: "strange"; readonly seen: string };

export const encryptionRefused = Buffer.from("N");

/** MAX_STARTUP_PACKET_LENGTH of the backend. */
const packetMax = 10_000;
/** A frontend asks for each kind of encryption once at most. */
const encryptionRequestsMax = 2;

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelRequest = 80_877_102;

export class StartupReader {
  #bytes: Buffer = Buffer.alloc(0);
  #encryptionRequests = 0;

  feed(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  /** What came behind the packets that `next` has given. */
  get rest(): Buffer {
    return this.#bytes;
  }

  next(): StartupStep {
    if (this.#bytes.length < 4) return { kind: "incomplete" };
    const length = this.#bytes.readInt32BE(0);
    if (length < 8 || length > packetMax) {
      return strange(`a first packet of length ${length}, expected 8 to ${packetMax}`);
    }
    if (this.#bytes.length < length) return { kind: "incomplete" };
    const packet = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    const code = packet.readInt32BE(4);
    if (code === cancelRequest) return { kind: "cancel", packet };
    if (code === sslRequest || code === gssRequest) {
      this.#encryptionRequests += 1;
      return this.#encryptionRequests > encryptionRequestsMax
        ? strange("encryption asked for again after it was refused")
        : { kind: "refuse encryption" };
    }
    const [major, minor] = [packet.readUInt16BE(4), packet.readUInt16BE(6)];
    if (major !== 3) return { kind: "unsupported", version: `${major}.${minor}` };
    return { kind: "startup", packet, parameters: parametersOf(packet.subarray(8)) };
  }
}

const strange = (seen: string): StartupStep => ({ kind: "strange", seen });

function parametersOf(bytes: Buffer): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const { strings, end } = stringsOf(bytes.subarray(at), 2);
    parameters.set(strings[0]!, strings[1]!);
    at += end;
  }
  return parameters;
}
