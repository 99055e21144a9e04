// The WaveFlow reference server as a process: PostgreSQL, HTTP and tokens around the core. Used by `seatrial serve`.
import type { HttpRequest, HttpResponse } from "../protocol/http.ts";
import { limits } from "../protocol/waveflow/types.ts";
import { ControlEndpoints } from "./http/control.ts";
import { HttpRim } from "./http/rim.ts";
import { SystemClock } from "./http/system-clock.ts";
import { createTokenVerifier, type TokenKeys } from "./http/tokens.ts";
import { openStore, type Store } from "./postgres/open-store.ts";
import { SharedClock } from "./postgres/shared-clock.ts";
import { readState } from "./postgres/state.ts";
import { type ServerConfig, WaveflowServer } from "./waveflow/index.ts";

export interface ServeOptions {
  readonly databaseUrl: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly keys: TokenKeys;
  /** Without it there are no control endpoints. */
  readonly controlToken?: string | undefined;
  readonly connectionsMax?: number | undefined;
  readonly config?: Partial<ServerConfig>;
  /** Hears of what no reply tells: a flush that failed, a lost connection. */
  readonly onFault: (error: unknown) => void;
}

export interface RunningServer {
  readonly url: string;
  /** Ends in good order: running requests are answered, sockets closed with 1001, ACKs written. May be called twice. */
  close(): Promise<void>;
}

/** Of each of the three steps of an end in good order. Together they stay below the 5 s that a supervisor waits. */
const closeStepTimeoutMs = 1_400;

/** Errors: `SessionLost` when the database cannot be reached, `MigrationRefused` when it is not for this build, the
 *  operating system's when the port is taken. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const opened: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.toReversed()) await close();
  };
  try {
    const url = await openAll(options, opened);
    let closing: Promise<void> | undefined;
    return { url, close: () => (closing ??= closeAll()) };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Notes in `opened` how to close each thing as soon as it is open. */
async function openAll(options: ServeOptions, opened: (() => Promise<void>)[]): Promise<string> {
  const { databaseUrl, connectionsMax, onFault } = options;
  const store = await openStore({
    url: databaseUrl,
    ...(connectionsMax === undefined ? {} : { connectionsMax }),
  });
  opened.push(() => store.close());
  const clock = new SystemClock(onFault);
  const onOffset = (offsetMs: number): void => {
    clock.offsetMs = offsetMs;
  };
  const sharedClock = await SharedClock.open({
    listener: store.listener,
    pool: store.pool,
    onOffset,
    onFault,
  });
  const core = new WaveflowServer(
    {
      database: store.database,
      fanout: store.fanout,
      clock,
      tokens: createTokenVerifier(options.keys),
      onFault,
    },
    options.config,
  );
  const besides = createBesides({ options, store, core, clock, sharedClock });
  const rim = new HttpRim({ core, besides, bodyBytesMax: limits.bytesPerPushMax, onFault });
  opened.push(() => rim.close(() => core.stop(), closeStepTimeoutMs));
  await core.start();
  return await rim.listen(options);
}

/** The paths that are not the protocol's. */
function createBesides(parts: {
  readonly options: ServeOptions;
  readonly store: Store;
  readonly core: WaveflowServer;
  readonly clock: SystemClock;
  readonly sharedClock: SharedClock;
}): (request: HttpRequest) => Promise<HttpResponse> | undefined {
  const { options, store, core, clock, sharedClock } = parts;
  const { controlToken } = options;
  const control =
    controlToken === undefined
      ? undefined
      : new ControlEndpoints(controlToken, {
          compact: (user) => core.compact(user),
          advanceClock: async (advanceMs) =>
            (await sharedClock.advance(advanceMs)) ? clock.now() : undefined,
          readState: (user) => readState(store.pool, user),
        });
  return (request) => {
    const isHealth = request.path === "/healthz" && (request.method === "GET" || request.method === "HEAD");
    return isHealth ? health(store) : control?.answer(request);
  };
}

async function health(store: Store): Promise<HttpResponse> {
  const headers = { "cache-control": "no-store" };
  try {
    await store.ping();
    return { status: 200, headers, body: { status: "ok" } };
  } catch {
    return { status: 503, headers, body: { type: "unavailable", message: "the database does not answer" } };
  }
}
