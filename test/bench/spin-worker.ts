import { parentPort } from "node:worker_threads";
import { burn } from "./spin.js";

parentPort?.on("message", (iterations: number) => parentPort?.postMessage(burn(iterations)));
