// Messages between a device and a server as the fault layer sees them: the same shapes as the devices' transport ports,
// whatever protocol they speak.

export interface Outgoing {
  readonly method: string;
  /** Base URL of the server, without a slash at the end. */
  readonly server: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export type OutgoingUpgrade = Pick<Outgoing, "server" | "path" | "headers">;

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: { readonly json: unknown } | { readonly text: string };
}

export interface SocketHandlers {
  onFrame(frame: unknown): void;
  onClose(code: number): void;
}

export interface DeviceSocket {
  send(frame: unknown): void;
  close(): void;
}

/** Carries messages. The real one is the devices' own rim; the fault layer wraps it and looks the same. */
export interface Carrier {
  /** Rejects when no answer came. */
  exchange(request: Outgoing): Promise<Reply>;
  /** Resolves when it is open; rejects when no answer came, or another one than an upgrade. */
  openSocket(request: OutgoingUpgrade, handlers: SocketHandlers): Promise<DeviceSocket>;
}

/** The errors by which a protocol's devices know that no answer came. */
export interface WireErrors {
  noAnswer(reason: string): Error;
  upgradeRefused(reply: Reply): Error;
}
