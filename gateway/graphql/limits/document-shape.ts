import {
  Kind,
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from "graphql";
import { exceeded, LIMITS } from "./limits.js";

/** Fields whose types say by themselves how deep they go; validation limits their lists. */
const INTROSPECTION = new Set(["__schema", "__type"]);

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** Which limits a document's form exceeds. The work is in proportion to the document's length and to what the limits allow. */
export function shapeErrors(document: DocumentNode): GraphQLError[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const variables = Math.max(0, ...operations.map(({ variableDefinitions }) => variableDefinitions?.length ?? 0));
  const { endless, ...measures } = measure(operations, fragments);
  if (endless) return exceeded("recursion", Infinity, LIMITS.recursion);
  const counts = { definitions: document.definitions.length, operations: operations.length, variables, ...measures };
  const errors = exceeding(counts);
  return errors.length > 0 ? errors : exceeding(places(operations, fragments));
}

function exceeding(counts: Readonly<Partial<Record<keyof typeof LIMITS, number>>>): GraphQLError[] {
  const names = Object.keys(counts) as (keyof typeof counts)[];
  return names.flatMap((limit) => exceeded(limit, counts[limit] ?? 0, LIMITS[limit]));
}

interface Measure {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly fragments: number;
  readonly directives: number;
  readonly inputDepth: number;
}

const NOTHING: Measure = { depth: 0, fields: 0, aliases: 0, fragments: 0, directives: 0, inputDepth: 0 };

function sum(parts: readonly Measure[]): Measure {
  return parts.reduce(
    (all, part) => ({
      depth: Math.max(all.depth, part.depth),
      fields: all.fields + part.fields,
      aliases: all.aliases + part.aliases,
      fragments: all.fragments + part.fragments,
      directives: all.directives + part.directives,
      inputDepth: Math.max(all.inputDepth, part.inputDepth),
    }),
    NOTHING,
  );
}

interface Measures extends Measure {
  readonly rootFields: number;
  /** A fragment contains itself. */
  readonly endless: boolean;
}

/** Everything that can be counted by walking each fragment once, however often it is spread. */
function measure(operations: readonly OperationDefinitionNode[], fragments: Fragments): Measures {
  const known = new Map<string, { all: Measure; top: number }>();
  const under = new Set<string>();
  let endless = false;

  function ofSet(set: SelectionSetNode | undefined): { all: Measure; top: number } {
    const parts = (set?.selections ?? []).map(ofSelection);
    return { all: sum(parts.map(({ all }) => all)), top: parts.reduce((top, part) => top + part.top, 0) };
  }

  function ofSelection(selection: SelectionNode): { all: Measure; top: number } {
    const own = { ...NOTHING, directives: selection.directives?.length ?? 0, inputDepth: deepestInput(selection) };
    if (selection.kind === Kind.FIELD) {
      const { all } = ofSet(selection.selectionSet);
      const field = { ...own, fields: 1, aliases: selection.alias ? 1 : 0 };
      return { all: { ...sum([field, all]), depth: all.depth + 1 }, top: 1 };
    }
    const { all, top } =
      selection.kind === Kind.FRAGMENT_SPREAD ? ofFragment(selection.name.value) : ofSet(selection.selectionSet);
    return { all: sum([{ ...own, fragments: 1 }, all]), top };
  }

  function ofFragment(name: string): { all: Measure; top: number } {
    const before = known.get(name);
    if (before) return before;
    if (under.has(name)) endless = true;
    if (endless) return { all: NOTHING, top: 0 };
    under.add(name);
    const found = ofSet(fragments.get(name)?.selectionSet);
    under.delete(name);
    known.set(name, found);
    return found;
  }

  const found = operations.map(({ selectionSet }) => ofSet(selectionSet));
  const alone = [...fragments.keys()].filter((name) => !known.has(name)).map((name) => ofFragment(name).all);
  return { ...sum([...found.map(({ all }) => all), ...alone]), rootFields: Math.max(0, ...found.map(({ top }) => top)), endless };
}

function deepestInput(selection: SelectionNode): number {
  const own = selection.kind === Kind.FIELD ? (selection.arguments ?? []) : [];
  const all = [...own, ...(selection.directives ?? []).flatMap(({ arguments: given }: DirectiveNode) => given ?? [])];
  return Math.max(0, ...all.map(({ value }: ArgumentNode) => nesting(value)));
}

/** How many lists and objects are within each other. */
function nesting(value: ValueNode): number {
  if (value.kind === Kind.LIST) return 1 + Math.max(0, ...value.values.map(nesting));
  if (value.kind === Kind.OBJECT) return 1 + Math.max(0, ...value.fields.map((field) => nesting(field.value)));
  return 0;
}

/** What can be seen only where fields come together in the answer: each place is walked, so the fields must be few by now. */
function places(
  operations: readonly OperationDefinitionNode[],
  fragments: Fragments,
): { repetitions: number; recursion: number } {
  let repetitions = 0;
  let recursion = 0;

  function walk(sets: readonly SelectionSetNode[], path: readonly string[]): void {
    for (const fields of byResponseName(sets, fragments).values()) {
      const name = fields[0]?.name.value ?? "";
      const within = path.filter((above) => above === name).length;
      repetitions = Math.max(repetitions, fields.length);
      if (!INTROSPECTION.has(path[0] ?? "")) recursion = Math.max(recursion, within);
      walk(
        fields.flatMap(({ selectionSet }) => selectionSet ?? []),
        [...path, name],
      );
    }
  }

  for (const { selectionSet } of operations) walk([selectionSet], []);
  return { repetitions, recursion };
}

function byResponseName(sets: readonly SelectionSetNode[], fragments: Fragments): ReadonlyMap<string, FieldNode[]> {
  const found = new Map<string, FieldNode[]>();
  function collect({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value;
        const there = found.get(name);
        if (there) there.push(selection);
        else found.set(name, [selection]);
      } else {
        const set =
          selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments.get(selection.name.value)?.selectionSet;
        if (set) collect(set);
      }
    }
  }
  for (const set of sets) collect(set);
  return found;
}
