// The driver of the small client: lines of JSON in, lines of JSON out. See docs/certify-client.md.
import { createInterface } from "node:readline";
import { Device, Refused } from "./device.mjs";

let device;

const commands = {
  configure: (words) => {
    device = new Device(words);
  },
  edit: ({ type, entity, field, value }) => device.edit(type, entity, field, value),
  delete: ({ type, entity }) => device.remove(type, entity),
  sync: () => device.sync(),
  push: () => device.push(),
  pull: () => device.pull(),
  ack: () => device.acknowledge(),
  mode: ({ mode }) => device.setMode(mode),
  token: ({ token }) => device.setToken(token),
  account: (words) => device.setAccount(words),
  state: () => device.state(),
  stop: () => void setImmediate(() => process.exit(0)),
};

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

say({
  seatrial: "driver/1",
  protocol: "waveflow/1",
  name: "small client",
  version: "1.0",
  can: ["push", "pull", "ack", "token", "restart", "mode", "account", "automatic"],
});

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const { id, do: name, ...words } = JSON.parse(line);
    try {
      if (commands[name] === undefined) throw new Refused(`there is no "${name}" here`);
      say({ id, ok: (await commands[name](words)) ?? {} });
    } catch (error) {
      say(error instanceof Refused ? { id, refused: error.message } : { id, error: String(error.stack) });
    }
  })
  .on("close", () => process.exit(0));
