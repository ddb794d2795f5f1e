import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import { crossChecks, type Fault } from './check.ts';
import { nearest } from './nearest.ts';
import { configuration, type Configuration } from './schema.ts';

/**
 * Reads the configuration (YAML 1.2, so JSON works as well) from `file`. Relative file names in it are taken from its
 * own folder and come back absolute.
 * @throws LatchkeyError `config-unreadable`, or `config-invalid` with every fault found: line, path and remedy.
 */
export async function loadConfiguration(file: string): Promise<Configuration> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EACCES'
          ? 'may not be read by this user'
          : `cannot be read (${code})`;
    throw new LatchkeyError('config-unreadable', `The configuration ${file} ${why}.`, {
      remedy:
        'Name the file with --config or LATCHKEY_CONFIG; docs/CONFIGURATION.md shows one to start from.',
      cause,
    });
  }
  return withAbsoluteFiles(parseConfiguration(text, file), dirname(resolve(file)));
}

/** The pure part of {@link loadConfiguration}; `label` names the text in messages. */
export function parseConfiguration(text: string, label: string): Configuration {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const faults = document.errors.map(
      (error) => `line ${lines.linePos(error.pos[0]).line}: ${error.message}`,
    );
    throw invalid(label, faults);
  }
  let value: unknown;
  try {
    // Aliases are bounded so that a few lines cannot grow into gigabytes.
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw invalid(label, [(cause as Error).message]);
  }
  const parsed = configuration.safeParse(value ?? {}, { reportInput: true });
  const faults = parsed.success ? crossChecks(parsed.data) : parsed.error.issues.flatMap(explain);
  if (faults.length > 0) {
    const placed = faults.map((fault) => ({ fault, line: lineOf(fault.path, document, lines) }));
    placed.sort((left, right) => (left.line ?? 0) - (right.line ?? 0));
    throw invalid(
      label,
      placed.map(({ fault, line }) => describe(fault, line)),
    );
  }
  return parsed.data as Configuration;
}

function invalid(label: string, faults: string[]): LatchkeyError {
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  return new LatchkeyError(
    'config-invalid',
    `The configuration ${label} has ${count}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    {
      remedy: 'Correct the lines named and start again; nothing has been changed.',
    },
  );
}

function describe(fault: Fault, line: number | undefined): string {
  const place = fault.path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
  return `${line === undefined ? '' : `line ${line}: `}${place === '' ? 'the file' : place} ${fault.message}`;
}

/** The line of the value at `path`, or of the nearest thing around it where the value itself is missing. */
function lineOf(path: Fault['path'], document: Document, lines: LineCounter): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as
      { range?: [number, number, number] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

function explain(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path as Fault['path'];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, path) }));
    case 'invalid_type':
      return [{ path, message: wrongType(issue.expected, issue.input) }];
    case 'invalid_value':
      return [
        {
          path,
          message: `must be ${issue.values.map((value) => `"${String(value)}"`).join(' or ')}, not ${show(issue.input)}`,
        },
      ];
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
  if (typeof input !== 'object' || input === null || !keys.some((key) => Object.hasOwn(input, key)))
    return [{ path, message: `must have one of: ${keys.join(', ')}` }];
  const misplaced = (issues: z.core.$ZodIssue[]): number =>
    issues.filter(
      ({ path: place, code }) => place.length === 0 || (place.length === 1 && code === 'invalid_type'),
    ).length;
  const [meant = []] = issue.errors.toSorted((left, right) => misplaced(left) - misplaced(right));
  return meant.flatMap((fault) => explain({ ...fault, path: [...path, ...fault.path] } as z.core.$ZodIssue));
}

function wrongType(expected: string, input: unknown): string {
  const kinds: Record<string, string> = {
    object: 'a group of keys',
    array: 'a list',
    int: 'a whole number',
    string: 'a text',
  };
  const kind = kinds[expected] ?? `a ${expected}`;
  return input === undefined ? `is missing: ${kind} is needed here` : `must be ${kind}, not ${show(input)}`;
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
function knownKeys(path: Fault['path']): string[] {
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

function withAbsoluteFiles(config: Configuration, folder: string): Configuration {
  const absolute = <T extends { caFile?: string | undefined }>(part: T): T =>
    part.caFile === undefined ? part : { ...part, caFile: resolve(folder, part.caFile) };
  return {
    ...config,
    providers: config.providers.map((provider) =>
      provider.type === 'local' ? provider : absolute(provider),
    ),
    ...(config.mail === undefined ? {} : { mail: absolute(config.mail) }),
    connections: config.connections.map((connection) => ({
      ...connection,
      upstream: { ...connection.upstream, tls: absolute(connection.upstream.tls) },
      rules: connection.rules.map((rule) =>
        rule.password === undefined || !('vault' in rule.password)
          ? rule
          : { ...rule, password: { vault: absolute(rule.password.vault) } },
      ),
    })),
  };
}
