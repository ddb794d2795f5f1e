import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Check } from '../../main/contract/shapes.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { freePort } from '../support/free-port.ts';
import { createLatchkey, soon, startWorld, type TestConfiguration } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { takesConnections } from '../support/port-answers.ts';
import { psql } from '../support/psql.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';

describeWith([parts.postgres], 'one connection with a fault', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() =>
    createLatchkey(world, {
      keyFile: true,
      configure({ connections: [, payroll] }) {
        for (const rule of payroll?.rules ?? []) rule.group = fabrikam.groups.dataAnalysts;
      },
    }),
  );
  let good: string;
  const connectionsOf = (text: string) => parse(text) as TestConfiguration;
  /** The second connection has a fault; a port of its own is written there all the same. */
  const spoilt = (change: (payroll: object) => unknown): string => {
    const configuration = connectionsOf(good);
    change(configuration.connections[1] ?? {});
    return stringify(configuration);
  };
  const withPassword = () => spoilt((payroll) => Object.assign(payroll, { password: 'hunter2' }));
  const port = (name: string): number =>
    connectionsOf(good).connections.find((one) => one.name === name)?.port ?? 0;
  const logsIn = async (name: string) => {
    const { host, port: at, username, database, token } = await latchkey.token(name);
    const target = { host, port: at, user: username, database, password: token };
    return (await psql(target, ['-c', 'select current_user'])).stdout.trim();
  };

  beforeAll(async () => {
    good = await readFile(latchkey.config, 'utf8');
    await latchkey.signIn(ada);
    expect(await logsIn('payroll')).toBe('payroll_clerk');
    const made = await latchkey.run('handle', 'make', 'payroll', '--tool', 'reports');
    expect(made.code).toBe(0);
    await latchkey.serve.stop();
    await writeFile(latchkey.config, withPassword());
    await latchkey.serve.start();
  });

  it('serves nothing, and the others go on', async () => {
    const state = await latchkey.state();
    expect(state.connections.map(({ name, listener }) => [name, listener.kind])).toEqual([
      ['sales', 'listening'],
    ]);
    expect(state.faultyConnections).toMatchObject([
      {
        name: 'payroll',
        problem: {
          code: 'config-invalid',
          message: expect.stringMatching(
            /^Connection "payroll" is left out: .*passwords never stand/,
          ) as string,
          faults: [{ file: latchkey.config, line: expect.any(Number) as number }],
        },
      },
    ]);
    await latchkey.until(({ accounts }) => accounts.length === 1);
    expect(await logsIn('sales')).toBe('sales_readonly');
    expect(await takesConnections(port('payroll'))).toBe(false);
    for (const command of [
      ['token', 'payroll'],
      ['handle', 'make', 'payroll', '--tool', 'x'],
    ]) {
      const refused = await latchkey.run(...command);
      expect(refused.code).not.toBe(0);
      expect(refused.err).toContain('Connection "payroll" is left out');
    }
  });

  it('is told by status, doctor, the check, the log and the audit, each with file and line', async () => {
    const line = good.split('\n').findIndex((one) => one.includes('name: payroll'));
    expect(line).toBeGreaterThan(0);
    const place = new RegExp(`\\(${latchkey.config}, line \\d+\\)`);
    const status = await latchkey.run('status');
    expect(status.out).toMatch(/payroll +LEFT OUT/);
    expect(status.out).toMatch(place);
    const doctor = await latchkey.run('doctor', '--json');
    const { checks } = JSON.parse(doctor.out) as { checks: Check[] };
    expect(checks).toContainEqual(
      expect.objectContaining({
        name: 'settings of payroll',
        result: 'failed',
        message: expect.stringMatching(place) as string,
      }),
    );
    expect((await latchkey.run('config', 'check')).code).toBe(2);
    const shown = await latchkey.run('config', 'show');
    expect(shown).toMatchObject({ code: 0, err: expect.stringMatching(place) as string });
    expect(latchkey.serve.log()).toMatch(place);
    expect(await latchkey.audit('connection-left-out')).toMatchObject([
      {
        connection: 'payroll',
        code: 'config-invalid',
        place: expect.stringMatching(/latchkey\.yaml:\d+$/) as string,
        actor: { kind: 'latchkey' },
      },
    ]);
    expect(`${status.out}${doctor.out}${shown.err}${latchkey.serve.log()}`).not.toContain('hunter2');
  });

  it('stays in the file while others are added and taken away', async () => {
    const before = await readFile(latchkey.config, 'utf8');
    const api = await latchkey.client();
    const { connections } = connectionsOf(good);
    const { name: _, ...settings } = { ...connections[0], port: await freePort() };
    const read = await api.call('readConnections', {});
    expect(read.connections.map(({ name }) => name)).toEqual(['sales']);
    // Another one comes by an editor, which a reload takes while the fault is still there.
    await writeFile(
      latchkey.config,
      stringify({
        ...connectionsOf(before),
        connections: [...connectionsOf(before).connections, { name: 'copy', ...settings }],
      }),
    );
    const reloaded = await latchkey.run('config', 'reload');
    expect(reloaded.code).toBe(0);
    expect(reloaded.err).toContain('Connection "payroll" is left out');
    expect(await logsIn('copy')).toBe('sales_readonly');
    expect((await latchkey.state()).faultyConnections).toHaveLength(1);
    await writeFile(latchkey.config, before);
    expect((await latchkey.run('config', 'reload')).code).toBe(0);
  });

  it('keeps nothing that runs from going on: a fault in that is refused with all lines', async () => {
    const both = connectionsOf(withPassword());
    Object.assign(both.connections[0] ?? {}, { port: 80 });
    await writeFile(latchkey.config, stringify(both));
    const refused = await latchkey.run('config', 'reload', '--json');
    expect(refused.code).toBe(2);
    const { problem } = JSON.parse(refused.out) as { problem: { faults: { line: number; text: string }[] } };
    expect(problem.faults.map(({ text }) => text)).toEqual([
      expect.stringContaining('connections[0].port'),
      expect.stringContaining('connections[1].password'),
    ]);
    for (const { line } of problem.faults) expect(refused.err).toContain(`line ${line}: `);
    expect(await logsIn('sales')).toBe('sales_readonly');
  });

  it('comes in with a reload once it is mended, with the handle that was made for it', async () => {
    await writeFile(latchkey.config, good);
    const mended = await latchkey.run('config', 'reload');
    expect(mended).toMatchObject({
      code: 0,
      out: expect.stringContaining('connection "payroll" (new)') as string,
    });
    const state = await latchkey.state();
    expect(state.faultyConnections).toBeUndefined();
    expect(state.handles).toMatchObject([{ connection: 'payroll', tool: 'reports' }]);
    await expect.poll(() => takesConnections(port('payroll')), soon).toBe(true);
    expect(await logsIn('payroll')).toBe('payroll_clerk');
  });

  it('is left out as well for a certificate file that cannot be read', async () => {
    await latchkey.serve.stop();
    await writeFile(
      latchkey.config,
      spoilt((payroll) =>
        Object.assign((payroll as TestConfiguration['connections'][number]).upstream, {
          tls: { caFile: 'no-ca.pem' },
        }),
      ),
    );
    await latchkey.serve.start();
    const { connections, faultyConnections } = await latchkey.state();
    expect(connections.map(({ name }) => name)).toEqual(['sales']);
    expect(faultyConnections).toMatchObject([
      {
        name: 'payroll',
        problem: {
          code: 'config-unreadable',
          message: expect.stringMatching(
            /upstream\.tls\.caFile \(.*no-ca\.pem\) cannot be read \(.*, line \d+\)/,
          ) as string,
        },
      },
    ]);
  });
});
