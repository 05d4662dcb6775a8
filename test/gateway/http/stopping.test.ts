import { expect, it } from "vitest";
import { createHttp } from "../../../gateway/server.js";
import { prepared, useStage } from "../../stage/use-stage.js";

const stage = useStage();
const gateway = prepared(() => stage.gateway());

it("a gateway that is stopping answers what still reaches it", async () => {
  const http = await createHttp(gateway.context);
  let answer: Response | undefined;
  // The server has been told to close, and still listens.
  http.addHook("preClose", async () => {
    answer = await fetch(`${http.listeningOrigin}/healthz`);
  });
  await http.listen({ host: "127.0.0.1", port: 0 });
  await http.close();
  expect(answer?.status).toBe(200);
});

it("a gateway has no time limit for registering its routes, however busy the machine is", async () => {
  const http = await createHttp(gateway.context);
  expect(http.initialConfig.pluginTimeout).toBe(0);
  await http.close();
});
