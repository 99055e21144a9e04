// Puts devices that somebody else wrote into the simulation, in place of the reference device.
import { ForeignActor } from "../../actors/waveflow/foreign-actor.ts";
import type { CreateForeignDevice, TableDisk } from "../../actors/waveflow/foreign-device.ts";
import type { SimProtocol } from "../world/protocol.ts";
import { createSimTransport } from "./transport.ts";

/** The protocol with another device: `create` makes each life of each device, over ports of the simulation.
 *  `only` names the devices that are of this kind; absent, all of them are. */
export function withDevice(
  protocol: SimProtocol,
  create: CreateForeignDevice,
  only?: readonly string[],
): SimProtocol {
  return {
    ...protocol,
    createActor(options) {
      const { spec, process, disk, network, caller, uuid, ...rest } = options;
      if (only !== undefined && !only.includes(spec.name)) return protocol.createActor(options);
      return new ForeignActor({
        ...rest,
        spec,
        disk: disk.open(process) as TableDisk,
        transport: createSimTransport(network, caller),
        ids: { uuid },
        create,
      });
    },
  };
}
