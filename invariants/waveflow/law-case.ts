// A law's case for tests: one history in two forms, lawful and with the one thing changed that the law is about.
import type { HistoryBuilder } from "./history-builder.ts";

/** Builds either form and returns what the explanation of the broken one says. */
export type LawCase = (builder: HistoryBuilder, isBroken: boolean) => RegExp;
