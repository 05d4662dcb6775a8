import { address } from "../../api/address.ts";
import { useViewer } from "../../app/viewer.ts";
import { Copy } from "../../parts/copy.tsx";

interface Door {
  readonly title: string;
  readonly about: string;
  /** Where it is opened, relative to this page. */
  readonly path: string;
  readonly link: string;
  readonly command: (key: string) => string;
}

const DOORS: readonly Door[] = [
  {
    title: "GraphQL",
    about:
      "Everything that this page does: scans, live changes, agents, engines, statistics. GraphiQL writes operations with you.",
    path: "graphiql/",
    link: "Open GraphiQL",
    command: (key) =>
      `curl -s '${address("graphql")}'${key} -H 'content-type: application/json' -d '{"query": "{ engines { name available } }"}'`,
  },
  {
    title: "REST",
    about: "Uploads, reports and downloads, as scripts written for MultiAV2 know them.",
    path: "api",
    link: "Read the REST reference",
    command: (key) => `curl -s '${address("api/v1/sample")}'${key} -F file_upload=@eicar.com -F minspeed=3`,
  },
  {
    title: "OpenAPI",
    about: "The REST API for programs that make clients.",
    path: "api/openapi.json",
    link: "openapi.json",
    command: () => `curl -s -o openapi.json '${address("api/openapi.json")}'`,
  },
  {
    title: "The GraphQL schema",
    about: "Every type, field and argument with its description.",
    path: "schema.graphql",
    link: "schema.graphql",
    command: () => `curl -s -O '${address("schema.graphql")}'`,
  },
];

/** How programs use the mesh. */
export default function Api() {
  const { authRequired } = useViewer();
  return (
    <div className="stack">
      <h1>API</h1>
      {authRequired && (
        <p>
          The examples read an API key from the variable <code>SCANMESH_API_KEY</code>.
        </p>
      )}
      {DOORS.map((door) => (
        <Entrance key={door.path} door={door} isKeyed={authRequired} />
      ))}
    </div>
  );
}

function Entrance({ door: { title, about, path, link, command }, isKeyed }: { door: Door; isKeyed: boolean }) {
  const text = command(isKeyed ? ' -H "authorization: Bearer $SCANMESH_API_KEY"' : "");
  return (
    <section className="card stack" aria-label={title}>
      <h2>{title}</h2>
      <p>{about}</p>
      <p>
        <a className="button" href={path}>
          {link}
        </a>
      </p>
      <div className="row">
        <pre className="command">{text}</pre>
        <Copy text={text} what={`the example of ${title}`} />
      </div>
    </section>
  );
}
