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
import { limitErrors, LIMITS } from "./limits.js";

/** These are recursive by design; validation limits their depth. */
const INTROSPECTION = new Set(["__schema", "__type"]);

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** The limits that a document's shape exceeds. The time is proportional to the document's length and to the limits. */
export function shapeErrors(document: DocumentNode): GraphQLError[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const variables = Math.max(0, ...operations.map(({ variableDefinitions }) => variableDefinitions?.length ?? 0));
  const { isCyclic, ...measures } = measureDocument(operations, fragments);
  if (isCyclic) return limitErrors("recursion", Infinity, LIMITS.recursion);
  const counts = { definitions: document.definitions.length, operations: operations.length, variables, ...measures };
  const errors = countErrors(counts);
  return errors.length > 0 ? errors : countErrors(measureMergedFields(operations, fragments));
}

function countErrors(counts: Readonly<Partial<Record<keyof typeof LIMITS, number>>>): GraphQLError[] {
  const names = Object.keys(counts) as (keyof typeof counts)[];
  return names.flatMap((limit) => limitErrors(limit, counts[limit] ?? 0, LIMITS[limit]));
}

interface Counts {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly fragments: number;
  readonly directives: number;
  readonly inputDepth: number;
}

const NOTHING: Counts = { depth: 0, fields: 0, aliases: 0, fragments: 0, directives: 0, inputDepth: 0 };

function sum(parts: readonly Counts[]): Counts {
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

interface DocumentCounts extends Counts {
  readonly rootFields: number;
  /** Whether a fragment contains itself. */
  readonly isCyclic: boolean;
}

/** Takes all counts for which each fragment needs to be walked only once, however often it is spread. */
function measureDocument(operations: readonly OperationDefinitionNode[], fragments: Fragments): DocumentCounts {
  const measured = new Map<string, { total: Counts; rootFields: number }>();
  const path = new Set<string>();
  let isCyclic = false;

  function measureSet(set: SelectionSetNode | undefined): { total: Counts; rootFields: number } {
    const parts = (set?.selections ?? []).map(measureSelection);
    return {
      total: sum(parts.map(({ total }) => total)),
      rootFields: parts.reduce((count, { rootFields }) => count + rootFields, 0),
    };
  }

  function measureSelection(selection: SelectionNode): { total: Counts; rootFields: number } {
    const own = { ...NOTHING, directives: selection.directives?.length ?? 0, inputDepth: deepestInput(selection) };
    if (selection.kind === Kind.FIELD) {
      const { total } = measureSet(selection.selectionSet);
      const field = { ...own, fields: 1, aliases: selection.alias ? 1 : 0 };
      return { total: { ...sum([field, total]), depth: total.depth + 1 }, rootFields: 1 };
    }
    const { total, rootFields } =
      selection.kind === Kind.FRAGMENT_SPREAD ? measureFragment(selection.name.value) : measureSet(selection.selectionSet);
    return { total: sum([{ ...own, fragments: 1 }, total]), rootFields };
  }

  function measureFragment(name: string): { total: Counts; rootFields: number } {
    const before = measured.get(name);
    if (before) return before;
    if (path.has(name)) isCyclic = true;
    if (isCyclic) return { total: NOTHING, rootFields: 0 };
    path.add(name);
    const found = measureSet(fragments.get(name)?.selectionSet);
    path.delete(name);
    measured.set(name, found);
    return found;
  }

  const found = operations.map(({ selectionSet }) => measureSet(selectionSet));
  const unused = [...fragments.keys()].filter((name) => !measured.has(name)).map((name) => measureFragment(name).total);
  return {
    ...sum([...found.map(({ total }) => total), ...unused]),
    rootFields: Math.max(0, ...found.map(({ rootFields }) => rootFields)),
    isCyclic,
  };
}

function deepestInput(selection: SelectionNode): number {
  const own = selection.kind === Kind.FIELD ? (selection.arguments ?? []) : [];
  const all = [...own, ...(selection.directives ?? []).flatMap(({ arguments: given }: DirectiveNode) => given ?? [])];
  return Math.max(0, ...all.map(({ value }: ArgumentNode) => nesting(value)));
}

/** The depth of nested lists and objects. */
function nesting(value: ValueNode): number {
  if (value.kind === Kind.LIST) return 1 + Math.max(0, ...value.values.map(nesting));
  if (value.kind === Kind.OBJECT) return 1 + Math.max(0, ...value.fields.map((field) => nesting(field.value)));
  return 0;
}

/**
 * Takes the counts that need the fields of all fragments merged, as in the answer. It walks every place of the answer, so the number of
 * fields must have been checked before.
 */
function measureMergedFields(
  operations: readonly OperationDefinitionNode[],
  fragments: Fragments,
): { repetitions: number; recursion: number } {
  let repetitions = 0;
  let recursion = 0;

  function walk(sets: readonly SelectionSetNode[], path: readonly string[]): void {
    for (const fields of groupByResponseName(sets, fragments).values()) {
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

function groupByResponseName(sets: readonly SelectionSetNode[], fragments: Fragments): ReadonlyMap<string, FieldNode[]> {
  const found = new Map<string, FieldNode[]>();
  function collect({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value;
        const group = found.get(name);
        if (group) group.push(selection);
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
