// The first view of a mesh. What comes from outside (names, signatures, errors) is only ever set as text.

import { visibleText } from "./visible-text.js";

const OVERVIEW = `query Overview {
  scans(first: 20) { nodes { scanId name verdict done total detections startDate endDate } }
  engines { name type speed internet enabled available stale versions { engine signatures signatureDate } }
  agents { agent host version class state startedAt engines { name slots busy healthy reason warnings } }
}`;
const REPORT = `query Report($id: SafeInt!) {
  scan(id: $id) {
    scanId name verdict proof { text } sample { sha256 size mime } skipped { engine reason }
    results { engine state verdict signature error durationMs agent stale versions { signatureDate } }
  }
}`;
const CREATE_UPLOAD = `mutation { createUpload { id } }`;
const SUBMIT = `mutation Submit($input: SubmitScanInput!) {
  submitScan(input: $input) { ... on SubmitScanSuccess { scan { scanId } } ... on UserError { message } }
}`;

const REFRESH_MS = 2000;
const TONES = { INFECTED: "bad", SUSPICIOUS: "doubtful", INCONCLUSIVE: "doubtful", CLEAN: "good" };

const $ = (id) => document.getElementById(id);
const KEY = "scanmesh-api-key";
let opened;

async function ask(query, variables) {
  const response = await fetch("graphql", {
    method: "POST",
    headers: { "content-type": "application/json", ...keyHeader() },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  $("key-form").hidden = response.status !== 401;
  if (errors?.length) throw new Error(errors[0].message);
  return data;
}

/** The key is kept for this tab alone, and asked for only where the gateway wants one. */
function keyHeader() {
  const key = sessionStorage.getItem(KEY);
  return key ? { authorization: `Bearer ${key}` } : {};
}

$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, $("key").value.trim());
  $("key").value = "";
  void refresh();
});

function element(tag, text, tone) {
  const node = document.createElement(tag);
  node.textContent = visibleText(String(text ?? ""));
  if (tone) node.className = tone;
  return node;
}

/** A row of cells, each a text or [text, tone]. */
function row(cells) {
  const tr = document.createElement("tr");
  tr.append(...cells.map((cell) => (Array.isArray(cell) ? element("td", ...cell) : element("td", cell))));
  return tr;
}

const time = (iso) => (iso ? new Date(iso).toLocaleString() : "");

function scanRow(scan) {
  const verdict = scan.verdict ?? "…";
  const cells = [
    scan.scanId,
    scan.name,
    [verdict.toLowerCase(), TONES[verdict]],
    `${scan.done} of ${scan.total}`,
    scan.detections,
    time(scan.startDate),
  ];
  const tr = row(cells);
  tr.dataset.scan = scan.scanId;
  tr.tabIndex = 0;
  const open = async () => {
    opened = scan.scanId;
    await show(opened);
    $("report").scrollIntoView();
  };
  tr.addEventListener("click", open);
  tr.addEventListener("keydown", ({ key }) => key === "Enter" && open());
  return tr;
}

function engineRow(engine, agents) {
  const here = agents.flatMap((agent) => agent.engines.filter(({ name }) => name === engine.name));
  const sum = (key) => here.reduce((total, one) => total + one[key], 0);
  const reason = here.find(({ healthy }) => !healthy)?.reason ?? "no agent announces it";
  const health = !engine.enabled ? ["disabled", "soft"] : engine.available ? ["healthy", "good"] : [reason, "bad"];
  const { engine: version, signatures, signatureDate } = engine.versions;
  const warnings = [...new Set(here.flatMap((one) => one.warnings))];
  const dated = [signatures, signatureDate && `of ${signatureDate.slice(0, 10)}`].filter(Boolean).join(" ");
  const type = engine.internet ? `${engine.type}, internet` : engine.type;
  const tr = row([
    engine.name,
    type,
    engine.speed,
    health,
    `${sum("busy")} of ${sum("slots")}`,
    version,
    engine.stale ? [`${dated}, too old`, "doubtful"] : dated,
  ]);
  tr.cells[3].append(...warnings.map((warning) => element("div", warning, "doubtful")));
  return tr;
}

/** Why the gateway cannot serve all of it now, such as a full disk. */
async function showProblem() {
  const { status, reason } = await (await fetch("readyz")).json();
  $("problem").textContent = visibleText(status === "ok" ? "" : (reason ?? "NATS is not connected: nothing can be sent now"));
}

async function refresh() {
  try {
    await showProblem();
    const { scans, engines, agents } = await ask(OVERVIEW);
    $("scans").replaceChildren(...scans.nodes.map(scanRow));
    $("engines").replaceChildren(...engines.map((engine) => engineRow(engine, agents)));
    $("agents").replaceChildren(
      ...agents.map((agent) =>
        row([agent.agent, agent.host, agent.class.toLowerCase(), agent.state.toLowerCase(), time(agent.startedAt)]),
      ),
    );
    $("state").textContent = agents.length === 0 ? "no agent is there: nothing can be scanned" : "";
    if (opened !== undefined) await show(opened);
  } catch (error) {
    $("state").textContent = visibleText($("key-form").hidden ? `the gateway does not answer: ${error.message}` : error.message);
  }
}

async function show(id) {
  const { scan } = await ask(REPORT, { id });
  if (scan === null || id !== opened) return;
  const table = document.createElement("table");
  table.append(
    ...scan.results.map(({ engine, state, verdict, signature, error, durationMs, agent }) => {
      const said = state === "DONE" ? (verdict ?? "done") : state;
      const took = durationMs === null ? "" : `${Math.round(durationMs)} ms`;
      return row([engine, [said.toLowerCase().replace("_", " "), TONES[verdict]], signature ?? error, took, agent]);
    }),
    ...scan.skipped.map(({ engine, reason }) =>
      row([engine, ["left out", "soft"], reason.toLowerCase().replaceAll("_", " "), "", ""]),
    ),
  );
  const proof = element("p", scan.proof.text, TONES[scan.verdict]);
  const old = scan.results.filter(({ stale }) => stale);
  const dates = old.map(({ engine, versions }) => `${engine} (of ${versions.signatureDate.slice(0, 10)})`).join(", ");
  const stale = old.length > 0 ? element("p", `Scanned with old signatures: ${dates}`, "doubtful") : "";
  const facts = `${scan.sample.sha256} · ${scan.sample.size} bytes · ${scan.sample.mime}`;
  $("report").replaceChildren(
    element("h3", `Scan ${scan.scanId}: ${scan.name}`),
    element("p", facts, "soft"),
    proof,
    stale,
    table,
  );
  $("report").hidden = false;
}

async function scanFile(file) {
  const { createUpload } = await ask(CREATE_UPLOAD);
  const sent = await fetch(`upload/${createUpload.id}`, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: file,
  });
  if (!sent.ok) throw new Error((await sent.json()).error);
  const input = { uploadId: createUpload.id, name: file.name, internet: $("internet").checked };
  const { submitScan } = await ask(SUBMIT, { input });
  if (!submitScan.scan) throw new Error(submitScan.message);
  opened = submitScan.scan.scanId;
}

async function scanFiles(files) {
  for (const file of files) {
    const message = element("li", `${file.name}: sending`);
    $("messages").replaceChildren(message);
    try {
      await scanFile(file);
      message.remove();
    } catch (error) {
      message.textContent = visibleText(`${file.name}: ${error.message}`);
      message.className = "bad";
    }
    await refresh();
  }
}

const drop = $("drop");
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  void scanFiles([...event.dataTransfer.files]);
});
$("files").addEventListener("change", ({ target }) => {
  void scanFiles([...target.files]).then(() => (target.value = ""));
});

/** One after the other: a slow answer is not asked for twice. */
async function keepFresh() {
  await refresh();
  setTimeout(keepFresh, REFRESH_MS);
}
void keepFresh();
