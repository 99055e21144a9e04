export { defaultServerConfig, type ServerConfig } from "./config.ts";
export type { CompactionOutcome, CompactionRun } from "./compaction.ts";
export type { SocketSession } from "./live-socket.ts";
export { type ServerPorts, WaveflowServer } from "./server.ts";
export * from "./ports.ts";
