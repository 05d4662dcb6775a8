/** A named point at which a test can make this process die, as a power cut would. */
export type Failpoint = (name: string) => void;

/** Reads `name:kill`; without a setting every point is passed. */
export function failpoint(setting: string | undefined): Failpoint {
  if (setting === undefined) return () => {};
  const [armed, action] = setting.split(":");
  if (action !== "kill") throw new Error(`SCANMESH_FAILPOINT: needs name:kill (it is ${JSON.stringify(setting)})`);
  return (name) => {
    if (name === armed) process.kill(process.pid, "SIGKILL");
  };
}
