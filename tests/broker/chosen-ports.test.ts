import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { choosePorts } from '../../main/broker/chosen-ports.ts';
import { parseConfiguration } from '../../main/config/load.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';

type Written = Record<string, number | 'auto'>;

const newFolder = useTemporaryFolders();
const everything = async (): Promise<boolean> => true;

/** The ports of all connections, by their names. */
async function chosen(
  home: string,
  written: Written,
  {
    ports = '20000-29999',
    user = 1000,
    free = everything,
  }: { ports?: string; user?: number; free?(port: number): Promise<boolean> } = {},
): Promise<Record<string, number>> {
  const connections = Object.entries(written).map(([name, port]) => ({
    name,
    protocol: 'postgresql',
    port,
    upstream: { database: 'x' },
    rules: [{ group: '00000000-0000-0000-0000-000000000000', role: 'reader' }],
  }));
  const text = JSON.stringify({ providers: [], listen: { ports }, connections });
  const configuration = parseConfiguration(text, 'latchkey.yaml');
  const placeOf = await choosePorts(configuration, home, user, free);
  return Object.fromEntries(configuration.connections.map((one) => [one.name, placeOf(one).port]));
}

describe('port: auto', () => {
  it('differs from user to user, and between the connections of one', async () => {
    const all = new Set<number>();
    for (let user = 1000; user < 1050; user += 1) {
      const ports = await chosen(
        await newFolder(),
        { sales: 'auto', payroll: 'auto', shop: 15432 },
        { user },
      );
      expect(ports['shop']).toBe(15432);
      for (const port of [ports['sales'], ports['payroll']]) {
        expect(port).toBeGreaterThanOrEqual(20_000);
        expect(port).toBeLessThanOrEqual(29_999);
        all.add(port ?? 0);
      }
    }
    expect(all.size).toBe(100);
  });

  it('is on record, and stays what it is whatever has become of the connections beside it', async () => {
    const home = await newFolder();
    const first = await chosen(home, { sales: 'auto', payroll: 'auto' });
    expect(JSON.parse(await readFile(join(home, 'ports.json'), 'utf8'))).toEqual({
      version: 1,
      ports: first,
    });
    const later = await chosen(home, { shop: 'auto', payroll: 'auto' });
    expect(later['payroll']).toBe(first['payroll']);
    expect(Object.values(first)).not.toContain(later['shop']);
    // Also where somebody else has it by now: that is told at the listener, as for every other port.
    const taken = await chosen(home, { shop: 'auto', sales: 'auto' }, { free: async () => false });
    expect(taken).toEqual({ shop: later['shop'], sales: first['sales'] });
  });

  it('takes no port that somebody has, or that the configuration names', async () => {
    const home = await newFolder();
    const asked: number[] = [];
    const free = async (port: number): Promise<boolean> => {
      asked.push(port);
      return port === 20_003;
    };
    const range = { ports: '20000-20004', user: 0, free };
    expect(await chosen(home, { sales: 'auto', shop: 20_000 }, range)).toEqual({
      sales: 20_003,
      shop: 20_000,
    });
    expect(asked).toEqual([20_001, 20_002, 20_003]);
    await expect(chosen(home, { payroll: 'auto', sales: 'auto' }, range)).rejects.toMatchObject({
      code: 'port-in-use',
      message: 'Connection "payroll" finds no free port in 20000-20004.',
    });
  });

  it('moves where the configuration says so: another range, or the port for another connection', async () => {
    const home = await newFolder();
    const { sales = 0 } = await chosen(home, { sales: 'auto' });
    const moved = await chosen(home, { sales: 'auto', shop: sales });
    expect(moved['shop']).toBe(sales);
    expect(moved['sales']).not.toBe(sales);
    const elsewhere = await chosen(home, { sales: 'auto' }, { ports: '15000-15010' });
    expect(elsewhere['sales']).toBeGreaterThanOrEqual(15_000);
    expect(elsewhere['sales']).toBeLessThanOrEqual(15_010);
  });

  it('uses all of a small range, whichever the number of the user', async () => {
    for (const user of [0, 1, 4_294_967_294]) {
      const ports = await chosen(
        await newFolder(),
        { a: 'auto', b: 'auto', c: 'auto' },
        { ports: '20000-20002', user },
      );
      expect(Object.values(ports).toSorted()).toEqual([20_000, 20_001, 20_002]);
    }
  });

  it('does not guess where the record cannot be understood, and leaves that of a newer Latchkey alone', async () => {
    const home = await newFolder();
    const file = join(home, 'ports.json');
    await writeFile(file, '{"version": 1, "ports": {"sales": "all"}}');
    await expect(chosen(home, { sales: 'auto' })).rejects.toMatchObject({ code: 'store-failed' });
    await expect(chosen(home, { sales: 15432 })).resolves.toEqual({ sales: 15432 });
    await writeFile(file, '{"version": 2}');
    await expect(chosen(home, { sales: 'auto' })).rejects.toMatchObject({ code: 'stored-newer' });
    expect(await readFile(file, 'utf8')).toBe('{"version": 2}');
  });
});
