// Fewer devices, each with all its steps, and one server process instead of several; users and modes as they are by
// default.
import type { Reduction } from "../reduction.ts";
import { fewest } from "../delta.ts";
import { onOneProcess, withoutDevice } from "../without.ts";

export async function fewerDevices(attempts: Reduction): Promise<void> {
  attempts.begin("dropping devices");
  const { scenario } = attempts;
  const names = scenario.devices.map(({ name }) => name);
  await fewest(names, (kept) => {
    const gone = names.filter((name) => !kept.includes(name));
    return kept.length === 0 ? Promise.resolve(false) : attempts.take(gone.reduce(withoutDevice, scenario));
  });
}

export async function oneProcess(attempts: Reduction): Promise<void> {
  attempts.begin("one server process");
  if (attempts.scenario.processes > 1) await attempts.take(onOneProcess(attempts.scenario));
}

export async function oneUser(attempts: Reduction): Promise<void> {
  attempts.begin("one user");
  const { devices } = attempts.scenario;
  const user = devices[0]?.user;
  if (user !== undefined && devices.some((device) => device.user !== user))
    await attempts.take({ ...attempts.scenario, devices: devices.map((device) => ({ ...device, user })) });
}

/** The protocol's first mode is what a device has that says nothing of it. */
export async function plainModes(attempts: Reduction, mode: string): Promise<void> {
  attempts.begin("plain modes");
  for (const { name, mode: present } of attempts.scenario.devices) {
    if (present === mode) continue;
    const devices = attempts.scenario.devices.map((device) =>
      device.name === name ? { ...device, mode } : device,
    );
    await attempts.take({ ...attempts.scenario, devices }, { orEqual: true });
  }
}
