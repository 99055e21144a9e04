import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foldLog, visibleState } from "../../protocol/waveflow/fold.ts";
import { createBoundSetup, createSetup, title, type Setup } from "./device-setup.ts";
import { loseReply, type CommitFate } from "./scripted-ports.ts";

const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.constant("edit" as const) },
  {
    weight: 6,
    arbitrary: fc.constantFrom("drain", "drain-lost", "pull", "ack", "remote", "compact", "remove"),
  },
  { weight: 2, arbitrary: fc.constantFrom("local", "hybrid", "other-account", "back") },
);
const eve = { server: "https://sync.example", token: "e.v.e", user: "eve" };
const ada = { server: "https://sync.example", token: "a.b.c", user: "ada" };

const config = { pageSize: 2, batchSize: 2 };

describe("a crash", () => {
  test.each<CommitFate>(["crash-before", "crash-after"])(
    "%s a push is settled leaves the edit in sight",
    async (how) => {
      const { device, disk, server } = await createBoundSetup();
      await device.edit(title("mine"));
      const atCommit = disk.commits + 1;
      disk.fate = (count) => (count === atCommit ? how : "pass");
      expect(await Promise.race([disk.crashed, device.drain()])).toBe("crashed");
      const { device: next } = await createSetup({ disk: disk.survivor(), server });
      expect(next.visible()).toEqual({ "song/1": { title: "mine" } });
      expect(next.status()).toMatchObject(
        how === "crash-after" ? { pending: 0, accepted: 1 } : { pending: 1 },
      );
    },
  );

  test("at any commit, before or after it, loses and doubles no edit", async () => {
    let crashes = 0;
    const fate = fc.constantFrom<CommitFate>("crash-before", "crash-after");
    const plan = fc.array(anyStep, { minLength: 3, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(plan, fc.integer({ min: 1, max: 30 }), fate, async (steps, commit, how) => {
        let setup = await createBoundSetup({ config });
        const made = new Set<string>();
        const atCommit = setup.disk.commits + commit;
        setup.disk.fate = (count) => (count === atCommit ? how : "pass");
        const works = steps.map((step, index) => () => run(setup, step, index, made));
        for (const work of [...works, () => calm(setup)]) {
          if ((await Promise.race([setup.disk.crashed, work()])) !== "crashed") continue;
          crashes++;
          const { disk, server } = setup;
          setup = await createSetup({ disk: disk.survivor(), server, origin: 2, config });
        }
        await calm(setup);
        const stored = setup.server.log.map((op) => op.operation_id);
        expect(new Set(stored).size).toBe(stored.length);
        for (const operation of made) expect(setup.server.everStored.has(operation)).toBe(true);
        expect(setup.device.confirmed()).toEqual(visibleState(foldLog(setup.server.log)));
        expect(setup.device.visible()).toEqual(setup.device.confirmed());
        expect(setup.device.status()).toMatchObject({ pending: 0, accepted: 0, cursor: setup.server.head });
      }),
      { numRuns: 300 },
    );
    expect(crashes).toBeGreaterThan(50);
  });
});

async function run(
  { device, server, transport }: Setup,
  step: string,
  index: number,
  made: Set<string>,
): Promise<void> {
  switch (step) {
    case "edit": {
      const op = await device.edit({ ...title(`${index}`), entityId: `${index % 3}` });
      // Only ada's server is looked at in the end; eve's edits are hers.
      if ("operation_id" in op && device.userId === "ada") made.add(op.operation_id);
      return;
    }
    case "remove": {
      const op = await device.remove({ entityType: "song", entityId: `${index % 3}` });
      if ("operation_id" in op && device.userId === "ada") made.add(op.operation_id);
      return;
    }
    case "drain":
      if (device.userId === "ada") await device.drain();
      return;
    case "drain-lost":
      transport.answer = loseReply(server.answer);
      if (device.userId === "ada") await device.drain();
      transport.answer = server.answer;
      return;
    case "pull":
      if (device.userId === "ada") await device.pull();
      return;
    case "ack":
      if (device.userId === "ada") await device.acknowledge();
      return;
    case "remote":
      server.write({ entity_id: `${index % 3}` });
      return;
    case "compact":
      // What a device that was given up on finds: everything superseded is gone.
      server.log = server.log.filter(
        (op) =>
          !server.log.some(
            (later) => later.id > op.id && later.entity_id === op.entity_id && later.field === op.field,
          ),
      );
      server.watermark = server.head;
      return;
    case "local":
    case "hybrid":
      return device.setMode(step);
    case "other-account":
      return device.bind(eve);
    case "back":
      return device.bind(ada);
  }
}

async function calm({ device }: Setup): Promise<void> {
  await device.bind(ada);
  await device.setMode("hybrid");
  for (let rounds = 0; rounds < 3; rounds++) await device.sync();
}
