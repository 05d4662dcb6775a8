import { expect, it } from "vitest";
import { createHttp } from "../../../gateway/server.js";
import { useStage } from "../../stage/use-stage.js";

const stage = useStage();

it("a gateway that is stopping answers what still reaches it", async () => {
  const { context } = await stage.gateway();
  const http = await createHttp(context);
  let answer: Response | undefined;
  // The server has been told to close, and still listens.
  http.addHook("preClose", async () => {
    answer = await fetch(`${http.listeningOrigin}/healthz`);
  });
  await http.listen({ host: "127.0.0.1", port: 0 });
  await http.close();
  expect(answer?.status).toBe(200);
});
