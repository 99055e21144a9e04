// The rule book of faults that a scenario asks for by name ("lose reply to laptop push#2"). Pure: it is told of every
// exchange and every frame as it begins, and says what is to happen to it. The simulated network and the live world's
// faults ask the same book, so that a scenario means the same in both.
//
// A rule counts what it matches from the moment it is made, and strikes once. Where two rules are due at one exchange
// the older one strikes, and the younger one strikes the next that it matches; what comes too late for that is told by
// `neverFired`.
import { networkLine } from "./network-lines.ts";
import type { MessageAddress, NetworkAction } from "./types.ts";

/** What is to happen to one exchange. */
export type ExchangeFault = Extract<NetworkAction, { readonly of: MessageAddress }>;

/** What is to happen to one frame to a device. */
export type FrameFault =
  | Extract<NetworkAction, { readonly verb: "drop-frame" | "repeat-frame" | "delay-frame" | "replace-frame" }>
  | { readonly verb: "hold-frame"; readonly device: string };

export type Partition = Extract<NetworkAction, { readonly verb: "partition" }>;

/** What a line does at once, as histories name it; rules for what is to come are named when they strike. */
export const faultsAtOnce: Readonly<Partial<Record<NetworkAction["verb"], string>>> = {
  partition: "partition",
  "cut-socket": "socket cut",
  "half-open": "socket half-open",
};

interface Rule<Fault> {
  readonly fault: Fault;
  seen: number;
}

export class FaultRules {
  #exchangeRules: Rule<ExchangeFault>[] = [];
  #frameRules: Rule<Exclude<FrameFault, { readonly verb: "hold-frame" }>>[] = [];
  readonly #partitions = new Map<string, Partition>();
  readonly #held = new Set<string>();
  readonly #fired = new Map<NetworkAction["verb"], number>();
  readonly #lapsed: NetworkAction[] = [];

  /** Takes up a rule. `cut-socket` and `half-open` are done at once by the world and leave no rule. */
  add(action: NetworkAction): void {
    switch (action.verb) {
      case "partition":
        this.#partitions.set(action.device, action);
        break;
      case "heal":
        this.#partitions.delete(action.device);
        break;
      case "hold-frames":
        this.#held.add(action.device);
        break;
      case "release-frames":
        this.#held.delete(action.device);
        break;
      case "drop-frame":
      case "repeat-frame":
      case "delay-frame":
      case "replace-frame":
        this.#frameRules.push({ fault: action, seen: 0 });
        break;
      case "cut-socket":
      case "half-open":
        break;
      default:
        this.#exchangeRules.push({ fault: action, seen: 0 });
    }
  }

  /** Ends all faults. What had not struck by now counts as never fired. */
  clear(): void {
    this.#lapsed.push(...this.#pending());
    this.#exchangeRules = [];
    this.#frameRules = [];
    this.#partitions.clear();
    this.#held.clear();
  }

  /** To be asked once for every exchange as it begins, faults or not: asking counts it. */
  forExchange(device: string, message: string): ExchangeFault | undefined {
    const matching = this.#exchangeRules.filter(
      ({ fault: { of } }) => of.device === device && (of.message === "any" || of.message === message),
    );
    const struck = this.#count(matching);
    if (struck === undefined) return undefined;
    this.#exchangeRules = this.#exchangeRules.filter((rule) => rule !== struck);
    return struck.fault;
  }

  /** To be asked once for every frame on its way to the device, whatever it says. */
  forFrame(device: string, _frame?: unknown): FrameFault | undefined {
    const struck = this.#count(this.#frameRules.filter(({ fault }) => fault.device === device));
    if (struck !== undefined) {
      this.#frameRules = this.#frameRules.filter((rule) => rule !== struck);
      return struck.fault;
    }
    return this.#held.has(device) ? { verb: "hold-frame", device } : undefined;
  }

  /** How the device is cut off at present, if it is. */
  partitionOf(device: string): Partition | undefined {
    return this.#partitions.get(device);
  }

  /** How often rules of each kind have struck. */
  fired(): ReadonlyMap<NetworkAction["verb"], number> {
    return this.#fired;
  }

  /** Rules that have not struck, as scenario lines: those before the last `clear`, then those that still wait. */
  neverFired(): readonly string[] {
    return [...this.#lapsed, ...this.#pending()].map((action) => `network: ${networkLine(action)}`);
  }

  #pending(): readonly NetworkAction[] {
    return [...this.#exchangeRules, ...this.#frameRules].map(({ fault }) => fault);
  }

  /** Counts the occurrence in every matching rule and picks the oldest one that is due, now or since an older one went
   *  before it. */
  #count<Fault extends ExchangeFault | NetworkAction>(
    matching: readonly Rule<Fault>[],
  ): Rule<Fault> | undefined {
    for (const rule of matching) rule.seen++;
    const due = matching.find((rule) => rule.seen >= nthOf(rule.fault));
    if (due !== undefined) this.#fired.set(due.fault.verb, (this.#fired.get(due.fault.verb) ?? 0) + 1);
    return due;
  }
}

function nthOf(fault: NetworkAction): number {
  if ("of" in fault) return fault.of.nth;
  return "nth" in fault ? fault.nth : 1;
}
