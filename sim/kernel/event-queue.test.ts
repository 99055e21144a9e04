import fc from "fast-check";
import { expect, test } from "vitest";
import { EventQueue, type QueuedEvent } from "./event-queue.ts";

const eventAt = (at: number): QueuedEvent => ({
  at,
  sequence: 0,
  owner: 0,
  label: 0,
  run: () => {},
  life: { epoch: 1, parked: undefined },
  epoch: 1,
});

test("whatever is pushed and cancelled, events come out by time, then by their making", () => {
  const command = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("push" as const), at: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("pop" as const) }) },
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 400 }), (commands) => {
      const queue = new EventQueue();
      let model: QueuedEvent[] = [];
      const popExpected = (): QueuedEvent | undefined => {
        model.sort((left, right) => left.at - right.at || left.sequence - right.sequence);
        return model.shift();
      };
      for (const step of commands) {
        if (step.kind === "push") model.push(queue.push(eventAt(step.at)));
        else if (step.kind === "pop") expect(queue.pop()).toBe(popExpected());
        else if (model.length > 0) {
          const event = model[step.which % model.length]!;
          model = model.filter((other) => other !== event);
          queue.cancel(event);
        }
        expect(queue.size).toBe(model.length);
      }
      while (model.length > 0) expect(queue.pop()).toBe(popExpected());
      expect(queue.pop()).toBeUndefined();
    }),
  );
});
