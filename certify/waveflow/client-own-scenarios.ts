// Scenarios that only make sense for a client in a process of its own: killed wherever a message of it is held, and held
// to what our own devices are held to by what they tell of themselves. `crash before commit 3` has the third moment of
// the client's messages in mind: a request that has come and an answer that has are one moment each.
import { scenarioProtocols } from "../../scenarios/catalogue.ts";
import { formatErrors, parseScenarios } from "../../scenarios/format/parse.ts";
import type { Scenario } from "../../scenarios/format/types.ts";

/** In order of their ids.
 *  Errors: a bug of ours, for a text that is none. */
export function ownClientScenarios(): readonly Scenario[] {
  return texts.flatMap((text) => {
    const result = parseScenarios(text, { protocols: scenarioProtocols, file: "client-own-scenarios.ts" });
    if (!result.ok) throw new Error(formatErrors(result.errors));
    return result.scenarios;
  });
}

/** More than a page of most clients, who are asked to take small ones. */
const manyFields = (name: string, count: number): string =>
  Array.from({ length: count }, (_one, place) => `${name}${place}=${place}`).join(" ");

const texts: readonly string[] = [
  `id: waveflow/client/stamps-that-are-too-low
title: A client whose stamps are too low gives all that waits new ones, and keeps every operation
protocol: waveflow/1
requirements: [WF-DEV-6]
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A
  - laptop: edit song/2 title=B
  - request:
      as: laptop
      method: POST
      path: /sync/ops
      body: { ops: [{ operation_id: 00000000-0000-4000-8000-000000000050, entity_type: song, entity_id: "9", op: upsert, field: title, value: other, lamport_ts: 50 }] }
  - laptop: push
  - laptop: edit song/3 title=C
  - laptop: push
expect:
  converged: true
  state: { song/1: { title: A }, song/2: { title: B }, song/3: { title: C }, song/9: { title: other } }
`,
  `id: waveflow/client/the-higher-id-wins
title: Of two edits of one field the one with the higher id wins, however low its stamp
protocol: waveflow/1
requirements: [WF-STATE-1]
devices: [laptop, phone]
steps:
  - phone: edit song/1 title=A
  - phone: edit song/1 title=B
  - phone: edit song/1 title=C
  - laptop: edit song/1 title=D
  - phone: push
  - laptop: push
  - laptop: pull
  - check: { devices: { laptop: { state: { song/1: { title: D } } } } }
  - phone: pull
expect:
  converged: true
  state: { song/1: { title: D } }
`,
  `id: waveflow/client/acks-what-it-has-read
title: What a client acknowledges is what it has read, however far the server is
protocol: waveflow/1
requirements: [WF-DEV-9]
devices: [laptop, phone]
steps:
  - phone: edit song/1 title=A rating=1
  - sync: [phone]
  - laptop: edit song/2 title=B
  - laptop: push
  - laptop: ack
  - phone: edit song/1 title=C
  - sync: [phone]
  - laptop: pull
  - laptop: ack
expect:
  converged: true
  state: { song/1: { title: C, rating: 1 }, song/2: { title: B } }
`,
  `id: waveflow/client/clock-survives-a-kill
title: The clock of a client does not fall when it is killed
protocol: waveflow/1
requirements: [WF-DEV-1]
needs: [device-crash]
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A rating=1
  - laptop: push
  - laptop: crash
  - laptop: restart
  - laptop: edit song/2 title=B
  - laptop: push
expect:
  converged: true
  state: { song/1: { title: A, rating: 1 }, song/2: { title: B } }
`,
  `id: waveflow/client/clock-rises-above-what-it-reads
title: An edit that follows what was read is stamped above it
protocol: waveflow/1
requirements: [WF-DEV-1]
devices: [laptop, phone]
steps:
  - laptop: edit song/1 a=1 b=2 c=3 d=4 e=5
  - laptop: push
  - phone: pull
  - phone: edit song/2 title=B
  - phone: push
expect:
  converged: true
`,
  `id: waveflow/client/killed-with-a-queue
title: What was written is there after a kill, and in its order
protocol: waveflow/1
requirements: [WF-DEV-2, WF-DEV-3]
needs: [device-crash]
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A
  - laptop: edit song/1 title=B
  - laptop: delete song/1
  - laptop: edit song/1 title=C
  - laptop: crash
  - laptop: restart
  - check: { devices: { laptop: { pending: 4, state: { song/1: { title: C } } } } }
expect:
  converged: true
  state: { song/1: { title: C } }
`,
  `id: waveflow/client/another-life-other-operations
title: Edits of two lives have operation ids of their own
protocol: waveflow/1
requirements: [WF-DEV-3]
needs: [device-crash]
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A
  - laptop: push
  - laptop: crash
  - laptop: restart
  - laptop: edit song/2 title=B
  - laptop: push
expect:
  converged: true
  state: { song/1: { title: A }, song/2: { title: B } }
`,
  `id: waveflow/client/killed-in-a-sync
title: A kill at any moment of a round costs nothing
protocol: waveflow/1
requirements: [WF-DEV-2, WF-DEV-3, WF-DEV-4, WF-DEV-9]
needs: [device-crash]
devices: [laptop, phone]
for-each:
  moment: ["1", "2", "3", "4", "5", "6"]
steps:
  - phone: edit song/9 title=P
  - sync: [phone]
  - laptop: edit song/1 title=A
  - laptop: edit song/2 title=B
  - laptop: crash before commit {moment}
  - laptop: sync
  - laptop: restart
  - laptop: edit song/3 title=C
expect:
  converged: true
  state: { song/1: { title: A }, song/2: { title: B }, song/3: { title: C }, song/9: { title: P } }
`,
  `id: waveflow/client/killed-between-two-pages
title: A kill between two pages skips nothing
protocol: waveflow/1
requirements: [WF-DEV-9]
needs: [device-crash]
devices: [laptop, phone]
device-config: { pageSize: 10 }
for-each:
  moment: ["2", "3", "4"]
steps:
  - phone: edit song/1 ${manyFields("a", 60)}
  - phone: push
  - laptop: crash before commit {moment}
  - laptop: sync
  - laptop: restart
expect:
  converged: true
`,
  `id: waveflow/client/killed-in-a-resync
title: A kill in the middle of reading everything anew costs no edit
protocol: waveflow/1
requirements: [WF-DEV-11]
needs: [device-crash, compaction, clock]
devices: [laptop, phone]
for-each:
  moment: ["1", "2", "3", "4", "5", "6"]
steps:
  - laptop: edit song/1 title=A
  - sync: [laptop, phone]
  - laptop: edit song/2 title=B
  - clock: advance 91d
  - phone: edit song/1 title=C
  - phone: edit song/1 title=D
  - phone: edit song/1 title=E
  - sync: [phone]
  - server: compact
  - laptop: crash before commit {moment}
  - laptop: sync
  - laptop: restart
expect:
  converged: true
  state: { song/1: { title: E }, song/2: { title: B } }
`,
  `id: waveflow/client/resync-keeps-the-queue
title: Reading everything anew leaves the edits that wait alone
protocol: waveflow/1
requirements: [WF-DEV-11]
needs: [compaction, clock]
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A
  - sync: [laptop, phone]
  - laptop: edit song/2 title=B
  - clock: advance 91d
  - phone: edit song/1 title=C
  - phone: edit song/1 title=D
  - phone: edit song/1 title=E
  - sync: [phone]
  - server: compact
  - laptop: pull
  - check: { devices: { laptop: { pending: 1 } } }
expect:
  converged: true
  state: { song/1: { title: E }, song/2: { title: B } }
`,
  `id: waveflow/client/sign-out-keeps-what-waits
title: Signing out deletes the token and nothing else
protocol: waveflow/1
requirements: [WF-DEV-15]
devices: [laptop, phone]
steps:
  - phone: edit song/9 title=P
  - sync: [phone]
  - laptop: sync
  - laptop: edit song/1 title=A
  - laptop: sign-out
  - laptop: push
    expect: { counts: { batches: 0 } }
  - check: { devices: { laptop: { pending: 1, state: { song/1: { title: A }, song/9: { title: P } } } } }
  - laptop: sign-in
  - laptop: push
  - check: { devices: { laptop: { pending: 0 } } }
expect:
  converged: true
  state: { song/1: { title: A }, song/9: { title: P } }
`,
  `id: waveflow/client/what-is-no-binding
title: A client takes tokens of three parts and http addresses, and keeps what it had where it is given anything else
protocol: waveflow/1
requirements: [WF-DEV-15]
devices: [laptop, phone]
for-each:
  refused:
    two-parts: token text "a.b"
    four-parts: token text "a.b.c.d"
    an-empty-part: token text "a..c"
    a-part-with-a-space: token text "a.b.c d"
    another-scheme: bind ftp://127.0.0.1:9
    no-address: bind nonsense
steps:
  - laptop: edit song/1 title=A
  - laptop: "{refused}"
    expect: { outcome: blocked }
  - laptop: push
  - check: { devices: { laptop: { pending: 0 } } }
expect:
  converged: true
  state: { song/1: { title: A } }
`,
];
