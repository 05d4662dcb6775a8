/** Lets tests kill the process at a named point, as a power cut would. */
export type Failpoint = (name: string) => void;

/** Parses `name:kill`. Without a setting, failpoints do nothing. */
export function failpoint(setting: string | undefined): Failpoint {
  if (setting === undefined) return () => {};
  const [armed, action] = setting.split(":");
  if (action !== "kill") throw new Error(`SCANMESH_FAILPOINT: needs name:kill (it is ${JSON.stringify(setting)})`);
  return (name) => {
    if (name === armed) process.kill(process.pid, "SIGKILL");
  };
}
