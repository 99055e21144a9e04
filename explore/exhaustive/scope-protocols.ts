// Every protocol whose small scopes can be walked. Adding a protocol adds an entry here.
import type { ScopeProtocol } from "./scope-protocol.ts";
import { waveflowScopes } from "./waveflow-scopes.ts";

/** What the protocol brings; `undefined` for one without small scopes. */
export const scopeProtocolOf = (id: string): ScopeProtocol | undefined =>
  scopeProtocols.find(({ sim }) => sim.id === id);

const scopeProtocols: readonly ScopeProtocol[] = [waveflowScopes];
