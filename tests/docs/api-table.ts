import { z } from 'zod';
import type { ActionSchema } from '../../main/contract/action-schemas.ts';
import type { Action } from '../../main/contract/actions.ts';
import { schemaVersion } from '../../main/contract/actions.ts';

/** The part of a JSON Schema that a table can show. */
interface Shape {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Shape>;
  required?: string[];
  additionalProperties?: unknown;
  anyOf?: Shape[];
  oneOf?: Shape[];
}

/** The table of routes in docs/API.md: what the actions of this table take and give over HTTP. */
export function routeTable(
  table: Readonly<Record<string, Action>>,
  schemas: Readonly<Record<string, Pick<ActionSchema, 'does' | 'request' | 'reply'>>>,
): string {
  const rows = Object.entries(table).flatMap(([name, { route, may, firstRun }]) => {
    const schema = schemas[name];
    if (route === undefined || schema === undefined) return [];
    const mark = may === 'administers' ? ' !' : '';
    const first = firstRun === true ? '; before there is any provider also without a sign-in' : '';
    const [request, reply] = [shapeText(schema.request, 'input'), shapeText(schema.reply, 'output')];
    return [`| \`${route}\`${mark} | \`${request}\` | \`${reply}\` | ${schema.does}${first} |`];
  });
  return ['| route | request | reply | what it does |', '|---|---|---|---|', ...rows].join('\n');
}

/** A schema in one line: `{connection, role?}`; what is inside of lists and objects stands in the JSON Schema. */
function shapeText(schema: z.ZodType, io: 'input' | 'output'): string {
  return textOf(z.toJSONSchema(schema, { io }) as Shape).replaceAll(' or ', '` or `');
}

function textOf(shape: Shape): string {
  const choices = shape.anyOf ?? shape.oneOf;
  if (choices !== undefined) return choices.map(textOf).join(' or ');
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.enum !== undefined) return shape.enum.map((value) => JSON.stringify(value)).join(', ');
  const { properties, required = [] } = shape;
  if (properties === undefined) return shape.type ?? '';
  const keys = Object.entries(properties).map(([key, { const: only }]) => {
    const value = only === undefined ? '' : `: ${JSON.stringify(only)}`;
    return `${key}${required.includes(key) ? '' : '?'}${value}`;
  });
  // Whatever else there is has a form of its own.
  return `{${(isOpen(shape) ? [...keys, '…'] : keys).join(', ')}}`;
}

function isOpen({ additionalProperties: more }: Shape): boolean {
  return typeof more === 'object' && more !== null && Object.keys(more).length === 0;
}

/** The page with these tables between their marks. */
export function withTables(page: string, tables: Readonly<Record<string, string>>): string {
  let text = page;
  for (const [name, table] of Object.entries(tables)) {
    const [begin, end] = [`<!-- ${name}: made by npm run api-docs -->`, `<!-- ${name}: end -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`the page has no marks for ${name}`);
    text = `${text.slice(0, from)}${begin}\n\n${table}\n\n${text.slice(to)}`;
  }
  return text;
}

/** The table of what commands print with `--json`. */
export function printedTable(printed: Readonly<Record<string, z.ZodType>>): string {
  const rows = Object.entries(printed).map(([command, schema]) => {
    const words = command === 'version' ? '--version' : command;
    const name = command === 'problem' ? 'a failure of any' : `\`latchkey ${words}\``;
    return `| ${name} | \`${shapeText(schema, 'output')}\` |`;
  });
  return ['| command | keys |', '|---|---|', ...rows].join('\n');
}

/** JSON Schema of all that the API takes and answers, and of what commands print. */
export function jsonSchemas(
  table: Readonly<Record<string, Action>>,
  schemas: Readonly<Record<string, Pick<ActionSchema, 'request' | 'reply'>>>,
  printed: Readonly<Record<string, z.ZodType>>,
): object {
  const routed = Object.entries(table).flatMap(([name, { route }]) => {
    const schema = schemas[name];
    return route === undefined || schema === undefined ? [] : [{ route, ...schema }];
  });
  const requests = Object.fromEntries(routed.map(({ route, request }) => [route, request]));
  const answers = Object.fromEntries(routed.map(({ route, reply }) => [route, reply]));
  // What several share is written once.
  const asJson = (all: Record<string, z.ZodType>, io: 'input' | 'output') =>
    z.toJSONSchema(z.object(all), { io, reused: 'ref' });
  return {
    schemaVersion,
    requests: asJson(requests, 'input'),
    answers: asJson(answers, 'output'),
    printed: asJson(printed, 'output'),
  };
}
