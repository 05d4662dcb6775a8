/** The line for a bare host, run as it is printed on a host without Node and Docker, in namespaces of its own. */

import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { createJoinToken } from "../../../gateway/join/join-tokens.js";
import { readTokenLines } from "../../../gateway/join/token-lines.js";
import { projectPath } from "../../../schema/paths.js";
import { startBareHost, type Ran } from "../../stage/bare-host.js";
import { TESTER, until } from "../../stage/stage.js";
import { tellTime } from "../../stage/tell-time.js";
import { prepared, useStage } from "../../stage/use-stage.js";
import { ask, data } from "../http/http-client.js";
import { untilScannedBy } from "../join/scanned-by.js";

/** One of the names in the stage's certificate, whose authority no host knows. */
const NAME = "scan.example.org";

const stage = useStage({ tls: true });
const host = prepared(
  () => startBareHost(),
  (one) => one.remove(),
);
const mesh = prepared(async () => {
  const nats = await host.publish(Number(new URL(stage.nats().url).port));
  const gateway = await stage.gateway({
    SCANMESH_AGENT_NATS_URL: `tls://${NAME}:${nats}`,
    SCANMESH_ACK_WAIT: "30s",
    // Kept: it is made once for the same build.
    SCANMESH_PACKAGES: projectPath(".scanmesh", "test-packages"),
  });
  await host.run(`echo ${host.gateway} ${NAME} >>/etc/hosts`);
  const url = `https://${NAME}:${await host.publish(gateway.httpsPort() ?? 0)}`;
  const newLine = async () => {
    const { text } = await createJoinToken(gateway.context, TESTER, { class: "isolated", gateway: url });
    const lines = await readTokenLines(gateway.context.config, text);
    return lines.find(({ method }) => method === "SCRIPT")?.text ?? "";
  };
  return { gateway, script: (await newLine()).replace(/ -s .*/, ""), newLine };
});

const agent = () => `${host.name}-isolated`;
const keys = () => stage.db.selectFrom("agent_keys").select(["public_key", "state"]).where("agent", "=", agent()).execute();
const change = async (mutation: string) =>
  (await data<{ done: { __typename: string } }>(mesh.gateway.url, `mutation { done: ${mutation} { __typename } }`)).done
    .__typename;
/** The agent's process, as the host sees it. */
const processes = async () => {
  const shown = "/opt/scanmesh/current/bin/node";
  const { output } = await host.run(
    `for one in /proc/[0-9]*; do echo "$\{one#/proc/} $(tr '\\0' ' ' <$one/cmdline)"; done 2>/dev/null`,
  );
  return output.split("\n").flatMap((line) => (line.includes(` ${shown} `) && line.includes("main.js") ? [line] : []));
};

const takesWork = () => untilScannedBy(mesh.gateway.url, agent());

test("says what keeps it from joining, before it changes anything", async () => {
  const line = await mesh.newLine();
  const first = await host.run(mesh.script);
  expect(first).toMatchObject({ status: 2, output: expect.stringContaining("This host has not joined a mesh yet") as string });
  // curl refuses another key than the one that is named, and the shell is given nothing.
  const other = await host.run(line.replace(/sha256\/\/.{4}/, "sha256//AAAA"));
  expect(other.output).toContain("curl: (90)");
  const cut = await host.run(line.slice(0, -30));
  expect(cut).toMatchObject({ status: 2, output: expect.stringContaining("copy the whole line") as string });
  await host.run(
    "mkdir /tmp/other && printf '#!/bin/sh\\nif [ \"$1\" = -m ]; then echo riscv64; else echo Linux; fi\\n' >/tmp/other/uname",
  );
  const riscv = await host.run(`chmod 755 /tmp/other/uname; export PATH=/tmp/other:$PATH; ${line}`);
  expect(riscv).toMatchObject({ status: 2, output: expect.stringContaining("This host is Linux-riscv64") as string });
  expect(await host.run("ls /opt /var/lib/scanmesh-agent")).toMatchObject({ status: 2 });
});

test("joins by the printed line, and takes work", async () => {
  const { status, output } = await host.run(await mesh.newLine());
  expect(output).toContain(`as ${agent()}, class isolated`);
  expect(status).toBe(0);
  await tellTime("A bare host had scanned a file, after its line had ended,", takesWork());
  const [running] = await processes();
  const { output: user } = await host.run(`stat -c %U /proc/${running?.split(" ")[0]}`);
  expect(user.trim(), "it does not run as root").toBe("scanmesh");
  const asAgent = "setpriv --reuid=scanmesh --regid=scanmesh --clear-groups --";
  const { output: report } = await host.run(`${asAgent} /opt/scanmesh/agent doctor`);
  expect(report).toMatch(/^Yara +healthy +builtin/m);
  // Where a user without rights may make namespaces, nothing is missing in the fence of one.
  if ((await host.run(`${asAgent} unshare --user --map-root-user true`)).status === 0)
    expect(report).toMatch(
      /^Yara +healthy +builtin \(the agent's user, no network, private \/tmp, limits, system-call filter\)/m,
    );
});

test("upgrades in place by the line without a token: the same key, another process, what is set is kept", async () => {
  const [before, running] = [await keys(), await processes()];
  expect(before).toEqual([{ public_key: expect.any(String) as string, state: "JOINED" }]);
  const { status, output } = await host.run(`export SCANMESH_SLOTS=3; ${mesh.script}`);
  expect([status, output]).toEqual([0, expect.stringContaining("runs in the background")]);
  await until("another process runs", async () => {
    const now = await processes();
    return now.length === 1 && now[0] !== running[0];
  });
  expect(await keys()).toEqual(before);
  expect((await host.run("cat /etc/scanmesh/agent.env")).output).toBe("SCANMESH_SLOTS='3'\n");
  await takesWork();
});

test("is started again where the mesh restarts it", async () => {
  const [running] = await processes();
  const restart = `restartAgents(agents: ["${agent()}"])`;
  expect(await change(restart)).toBe("RollingRestartSuccess");
  await until("another process runs", async () => {
    const now = await processes();
    return now.length === 1 && now[0] !== running;
  });
  await takesWork();
  await until("the mesh knows", async () => {
    const last = stage.db.selectFrom("rolling_restarts").select("state").orderBy("id", "desc").limit(1);
    return (await last.executeTakeFirst())?.state === "DONE";
  });
});

test("has a unit that systemd takes, and --foreground runs its ExecStart", async () => {
  const unit = "/tmp/scanmesh-agent.service";
  expect(await host.run(`${mesh.script} -s -- --unit >${unit} && systemd-analyze verify ${unit}`)).toEqual({
    status: 0,
    output: "",
  });
  const { output } = await host.run(`sed -n 's/^ExecStart=//p' ${unit}`);
  // What it is given to run is the file that the unit names.
  await host.run(
    `mkdir /tmp/seen && printf '#!/bin/sh\\necho "$*" >/tmp/seen/words\\nexec /usr/bin/setpriv "$@"\\n' >/tmp/seen/setpriv`,
  );
  const foreground = host.start(`chmod 755 /tmp/seen/setpriv; export PATH=/tmp/seen:$PATH; ${mesh.script} -s -- --foreground`);
  onTestFinished(async () => {
    for (const one of await processes()) await host.run(`kill ${one.split(" ")[0]}`);
    await until("it has ended", async () => (await processes()).length === 0);
  });
  await until("the foreground's agent runs", async () =>
    (await host.run("cat /tmp/seen/words")).output.trim().endsWith(`-- ${output.trim()}`),
  );
  await takesWork();
  expect(foreground.exitCode).toBe(null);
});

test("--uninstall says goodbye and leaves nothing but what is not its own", async () => {
  await host.run("echo mine > /opt/scanmesh/mine");
  const { status, output } = await host.run(`${mesh.script} -s -- --uninstall`);
  expect([status, output]).toEqual([0, expect.stringContaining("is removed from this host")]);
  expect(await keys()).toEqual([]);
  expect(await host.run(`${mesh.script} -s -- --uninstall`)).toMatchObject({
    status: 2,
    output: expect.stringContaining("has no agent here") as string,
  });
  expect(await host.run(await mesh.newLine())).toMatchObject({
    status: 2,
    output: expect.stringContaining("holds something else (mine)") as string,
  });
  expect(await host.run("cat /opt/scanmesh/mine && rm -r /opt/scanmesh")).toMatchObject({ status: 0, output: "mine\n" });
  const { output: left } = await host.run(
    "ls -d /opt/* /etc/scanmesh /var/lib/scanmesh-agent 2>/dev/null; grep scanmesh /etc/passwd",
  );
  expect(left).toBe("");
  expect(await processes()).toEqual([]);
});

test("installed anew under its name it works once it is accepted; revoked it is cut off", async () => {
  expect(await host.run(await mesh.newLine())).toMatchObject({ status: 0 });
  for (const one of await processes()) await host.run(`kill -KILL ${one.split(" ")[0]}`);
  await host.run("rm -rf /opt/scanmesh /var/lib/scanmesh-agent && userdel scanmesh");
  let ended: Ran | undefined;
  const line = host.run(await mesh.newLine()).then((ran) => (ended = ran));
  await until("the new key waits", async () => (await keys()).some(({ state }) => state === "WAITING") || ended);
  expect(ended, "the line waits, too").toBeUndefined();
  expect(await change(`acceptAgent(agent: "${agent()}")`)).toBe("AcceptAgentSuccess");
  expect(await line).toEqual({ status: 0, output: expect.stringContaining(`as ${agent()}, class isolated`) as string });
  await takesWork();
  expect(await change(`revokeAgent(agent: "${agent()}")`)).toBe("RevokeAgentSuccess");
  await tellTime(
    "A revoked agent had ended",
    until("the agent has ended", async () => (await processes()).length === 0),
  );
});

test("the script is text, and other files are not given", async () => {
  const script = await ask(`${mesh.gateway.url}/join`);
  expect(script.headers["content-type"]).toBe("text/plain; charset=utf-8");
  expect(script.text).toContain(readFileSync(projectPath("gateway", "join", "join.sh"), "utf8").split("#OFFER\n")[1]);
  for (const name of ["package-linux-riscv64.tar.gz", "image-linux-x64.tar", "..%2f..%2fpackage.json"])
    expect((await ask(`${mesh.gateway.url}/join/${name}`)).status).toBe(404);
});
