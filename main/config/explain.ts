import type { z } from 'zod';
import type { Fault } from './fault.ts';
import { nearest } from './nearest.ts';
import { configuration } from './schema.ts';

/** A fault that the schema has found, in words for whoever writes the file. */
export function explain(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path as Fault['path'];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, path) }));
    case 'invalid_type':
      return [{ path, message: wrongType(issue.expected, issue.input) }];
    case 'invalid_value': {
      const values = issue.values.map((value) => `"${String(value)}"`).join(' or ');
      const message =
        issue.input === undefined ? `is missing: ${values}` : `must be ${values}, not ${show(issue.input)}`;
      return [{ path, message }];
    }
    case 'invalid_union':
      return unionFaults(issue, path);
    default:
      return [{ path, message: `(${show(issue.input)}): ${issue.message}` }];
  }
}

/** The faults against the form that was meant: the one whose keys the value has. */
function unionFaults(issue: z.core.$ZodIssueInvalidUnion, path: Fault['path']): Fault[] {
  const keys = Object.keys(schemaAt(path).shape);
  const input = issue.input;
  if (keys.length === 0) return plainUnionFaults(issue, path);
  if (typeof input !== 'object' || input === null || !keys.some((key) => Object.hasOwn(input, key)))
    return [{ path, message: `must have one of: ${keys.join(', ')}` }];
  const misplaced = (issues: z.core.$ZodIssue[]): number =>
    issues.filter(
      ({ path: place, code }) => place.length === 0 || (place.length === 1 && code === 'invalid_type'),
    ).length;
  const [meant = []] = issue.errors.toSorted((left, right) => misplaced(left) - misplaced(right));
  return meant.flatMap((fault) => explain({ ...fault, path: [...path, ...fault.path] } as z.core.$ZodIssue));
}

/** Of a number or a word, say: what is wrong with the form that fits, or which ones there are. */
function plainUnionFaults(issue: z.core.$ZodIssueInvalidUnion, path: Fault['path']): Fault[] {
  const forms: string[] = [];
  for (const [first, ...others] of issue.errors) {
    if (first?.path.length === 0 && first.code === 'invalid_type') forms.push(kindOf(first.expected));
    else if (first?.path.length === 0 && first.code === 'invalid_value')
      forms.push(...first.values.map((value) => `"${String(value)}"`));
    else if (first !== undefined)
      return [first, ...others].flatMap((fault) => {
        const place = [...path, ...fault.path];
        return explain({ ...fault, path: place, input: fault.input ?? issue.input } as z.core.$ZodIssue);
      });
  }
  const wanted = forms.join(' or ');
  const message =
    issue.input === undefined ? `is missing: ${wanted}` : `must be ${wanted}, not ${show(issue.input)}`;
  return [{ path, message }];
}

function kindOf(expected: string): string {
  const kinds: Record<string, string> = {
    object: 'a group of keys',
    array: 'a list',
    int: 'a whole number',
    string: 'a text',
  };
  return kinds[expected] ?? `a ${expected}`;
}

function wrongType(expected: string, input: unknown): string {
  const kind = kindOf(expected);
  if (input === undefined) return `is missing: ${kind} is needed here`;
  const isBare = expected === 'string' && ['number', 'boolean'].includes(typeof input);
  return `must be ${kind}, not ${show(input)}${isBare ? '; write it in quotes' : ''}`;
}

/** A short form of a value for messages; objects are not printed, since a secret may have been pasted into one. */
function show(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of keys';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function unknownKey(key: string, path: Fault['path']): string {
  const known = knownKeys(path);
  const close = nearest(key, known);
  if (close !== undefined) return `is not a known key; did you mean "${close}"?`;
  if (/passw|secret/i.test(key))
    return 'is not a known key: passwords never stand in this file; set them with "latchkey secret set <name>"';
  return `is not a known key; known here: ${known.join(', ')}`;
}

/** The keys that the schema knows at `path`. */
export function knownKeys(path: Fault['path']): string[] {
  return Object.keys(schemaAt(path).shape).filter((key) => key !== '$schema');
}

interface Shape {
  shape: Record<string, unknown>;
  element?: unknown;
}

/** What the schema has at `path`; walks through defaults, optionals, arrays and unions. */
function schemaAt(path: Fault['path']): Shape {
  let schema: unknown = configuration;
  for (const step of path) {
    const { shape, element } = inner(schema);
    schema = typeof step === 'number' ? element : shape[step];
  }
  return inner(schema);
}

/** The keys of all forms of a union are taken together, as only one of them has each. */
function inner(schema: unknown): Shape {
  type Def = { innerType?: unknown; options?: unknown[] };
  let current = schema as { _zod?: { def: Def }; shape?: Shape['shape']; element?: unknown } | undefined;
  while (current?._zod?.def.innerType !== undefined) current = current._zod.def.innerType as typeof current;
  const forms = current?._zod?.def.options?.map((form) => inner(form).shape) ?? [];
  return { shape: Object.assign({}, current?.shape, ...forms) as Shape['shape'], element: current?.element };
}
