// A soak as reporters see it: twenty minutes of two servers, one of which grows and one of which was killed.
import type { SoakReport, SoakSample } from "../invariants/soak-result.ts";
import { findLeaks } from "../live/soak/leak-findings.ts";

const mebibyte = 1_048_576;
const durationMs = 1_200_000;
const sampleEveryMs = 5_000;
const killedAtMs = 300_000;
const backAtMs = 310_000;

function sampleAt(atMs: number, index: number): SoakSample {
  const wave = index % 7;
  const mortal = {
    name: "server 1",
    life: atMs < killedAtMs ? 1 : 2,
    rssBytes: (110 + wave) * mebibyte,
    handles: 40 + wave,
  };
  const isUp = atMs < killedAtMs || atMs >= backAtMs;
  return {
    atMs,
    devices: 198 - wave,
    accounts: 50,
    pushesPerSecond: isUp ? 60 + wave : 30,
    exchangesPerSecond: 300 + wave,
    ...(index === 3 ? {} : { pushLatencyMs: { p50: 5 + wave, p95: 20 + wave, p99: 90 + wave } }),
    loopDelayP99Ms: 3,
    backlog: 30 + wave,
    deadLetters: 1,
    faults: index * 4,
    accountsJudged: index * 2,
    violations: 0,
    seatrial: {
      rssBytes: (400 + wave) * mebibyte,
      heapBytes: (90 + 10 * wave) * mebibyte,
      ...(index % 4 === 0 ? { liveHeapBytes: (80 + (wave % 2)) * mebibyte } : {}),
      handles: 1_000 + wave,
    },
    servers: [
      ...(isUp ? [mortal] : []),
      { name: "server 2", life: 1, rssBytes: Math.round((100 + atMs / 10_000) * mebibyte), handles: 30 },
    ],
    database: { sizeBytes: Math.round((8 + atMs / 60_000) * mebibyte), connections: 22 },
  };
}

const samples = Array.from({ length: durationMs / sampleEveryMs }, (_, index) =>
  sampleAt((index + 1) * sampleEveryMs, index),
);

export const sampleSoak: SoakReport = {
  version: "0.1.0",
  startedAt: "2026-01-02T03:04:05.678Z",
  durationMs,
  command: "seatrial soak --duration 20m --seed <7>",
  node: "v24.0.0",
  seed: "<7>",
  protocol: "waveflow/1",
  asked: { durationMs, devices: 200, processes: 2 },
  config: { stalenessMs: 20_000 },
  interrupted: false,
  accounts: { judged: 480, clean: 479, abandoned: 0 },
  pushes: 72_000,
  pushLatencyMs: { p50: 6, p95: 23, p99: 94 },
  faults: { "reply lost": 700, "server crash": 260 },
  violations: [
    { id: "waveflow/soak/account-9", laws: ["once"], plan: "seatrial-report/soak-account-9.yaml" },
  ],
  leaks: findLeaks(samples, durationMs),
  marks: [{ atMs: killedAtMs, text: "server 1 killed" }],
  sampleEveryMs,
  samples,
};
