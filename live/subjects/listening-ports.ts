// The ports on which a process and all that it has started listen: told to somebody whose server is up at another place
// than it was asked to be. Linux tells by /proc; elsewhere nothing is told.
import { readdir, readFile, readlink } from "node:fs/promises";

/** TCP ports, ascending; empty where the system does not say.  `group` leads the group of processes. */
export async function listeningPorts(group: number): Promise<readonly number[]> {
  if (process.platform !== "linux") return [];
  try {
    const inodes = new Set((await Promise.all((await membersOf(group)).map(socketsOf))).flat());
    const tables = await Promise.all(["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "utf8")));
    const ports = tables
      .flatMap((table) => table.split("\n").slice(1))
      .flatMap((line) => listenerOf(line, inodes));
    return [...new Set(ports)].sort((left, right) => left - right);
  } catch {
    return [];
  }
}

/** Source: proc_pid_stat(5); the name of a process may have blanks and brackets, so it is counted from the last one. */
async function membersOf(group: number): Promise<readonly string[]> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  const members = await Promise.all(
    processes.map(async (id) => {
      const stat = await readFile(`/proc/${id}/stat`, "utf8").catch(() => "");
      const [, , processGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(processGroup) === group ? [id] : [];
    }),
  );
  return members.flat();
}

async function socketsOf(id: string): Promise<readonly string[]> {
  const files = await readdir(`/proc/${id}/fd`).catch(() => []);
  const links = await Promise.all(files.map((file) => readlink(`/proc/${id}/fd/${file}`).catch(() => "")));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/u.exec(link)?.[1] ?? []);
}

/** Source: proc_net(5): local address and port in hexadecimal, state 0A for LISTEN, the inode as the tenth word. */
function listenerOf(line: string, inodes: ReadonlySet<string>): readonly number[] {
  const words = line.trim().split(/\s+/u);
  const port = words[1]?.split(":")[1];
  if (port === undefined || words[3] !== "0A" || !inodes.has(words[9] ?? "")) return [];
  return [Number.parseInt(port, 16)];
}
