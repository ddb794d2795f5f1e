import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, createLatchkey, refusalOf, startWorld, type Latchkey } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

describeWith([parts.postgres], 'a connection whose file says requireTls', () => {
  let latchkey: Latchkey;
  const world = useAll(startWorld);
  beforeAll(async () => {
    latchkey = await createLatchkey(world, {
      configure({ connections: [sales] }) {
        Object.assign(sales ?? {}, { requireTls: true });
      },
    });
    await latchkey.signIn('ada@fabrikam.example');
  });
  afterAll(() => latchkey?.close());

  it('lets in who encrypts; who does not is told how, and it is on record', async () => {
    const token = await latchkey.token('sales');
    expect(await refusalOf(connect(token))).toMatchObject({
      sqlState: '28000',
      message: expect.stringContaining('encrypt'),
    });
    const [refused] = await latchkey.audit('login-refused');
    expect(refused).toMatchObject({ code: 'tls-required' });
    const ca = await readFile(join(latchkey.home, 'certificates', 'latchkey-ca.pem'), 'utf8');
    const client = await connect(token, { ssl: { ca } });
    expect((await client.query('select current_user as role')).rows).toEqual([{ role: 'sales_readonly' }]);
    await client.end();
  });
});
