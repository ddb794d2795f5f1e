import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asExpected, longStatement } from './checks.ts';
import { clients, isInstalled } from './clients.ts';
import { tryClients } from './runner.ts';
import { docs, failures, markdown, replaced, type Tried } from './table.ts';
import { type MatrixWorld, startMatrixWorld } from './world.ts';

const missing = clients.filter((client) => !isInstalled(client));
const installed = clients.filter(isInstalled);

test('a statement that ran to its end was not cut, whatever its program says', () => {
  expect(asExpected('cut', 'mysql', 'lost Connection was killed|4')).toBe(true);
  for (const said of ['lost none 1|4', 'lost: none [(0,)]|4', 'kept gone|4', 'lost gone|'])
    expect([said, asExpected('cut', 'mysql', said)]).toEqual([said, false]);
});

test('no client is told that its statement is under way by that of another one', () => {
  const looked = clients.flatMap((client) =>
    (['cancel', 'cut'] as const).map((check) => ({
      ...client,
      text: longStatement(client.protocol, client.name, check),
    })),
  );
  // As MariaDB compares.
  const within = (text: string, other: string): boolean => other.toLowerCase().includes(text.toLowerCase());
  const mistaken = looked.flatMap((one) =>
    looked
      .filter((other) => other !== one && other.protocol === one.protocol && within(one.text, other.text))
      .map((other) => [one.text, other.text]),
  );
  expect(mistaken).toEqual([]);
});

describe('every client that can be had, through latchkey serve', () => {
  let world: MatrixWorld | undefined;
  const tried = new Map<string, Tried>();
  const named = ({ protocol, name }: (typeof clients)[number]): string => `${protocol} ${name}`;

  beforeAll(async () => {
    const started = await startMatrixWorld();
    world = started;
    await tryClients(started, installed, (client, outcomes) =>
      tried.set(named(client), { client, outcomes }),
    );
  }, 400_000);
  afterAll(() => world?.close());

  test.skipIf(process.env['CI'] !== 'true')('none is missing in CI', () => {
    expect(missing.map((client) => `${named(client)}: install ${client.remedy}`)).toEqual([]);
  });

  test.each(installed.map(named))('%s', (name) => {
    const seen = tried.get(name);
    expect(seen === undefined ? ['not tried'] : failures(seen)).toEqual([]);
  });

  test('docs/TOOLS.md has this table', () => {
    const page = readFileSync(docs, 'utf8');
    const rows = installed.flatMap((client) => tried.get(named(client)) ?? []);
    if (missing.length === 0) expect(page).toBe(replaced(page, markdown(rows)));
    for (const { name } of clients) expect(page).toContain(`| ${name} | `);
  });
});
