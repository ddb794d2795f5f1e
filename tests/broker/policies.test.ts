import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createLatchkey, startWorld } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

describeWith([parts.postgres], 'policies that a person changes', () => {
  const world = useAll(startWorld);

  it('are written into the file, count at once, and are in the audit', async () => {
    const latchkey = await createLatchkey(world, { keyFile: true });
    try {
      await latchkey.signIn('ada@fabrikam.example');
      const client = await latchkey.client();
      await client.post('/v1/policies', { onLock: 'cut', hold: { mysql: 5 } });
      expect(await readFile(latchkey.config, 'utf8')).toMatch(/onLock: cut[\s\S]*mysql: 5s/);
      expect(await latchkey.audit('policies-changed')).toMatchObject([{ onLock: 'cut', hold: 'mysql 5s' }]);
      const { out } = await latchkey.run(
        'config',
        'policy',
        '--on-lock',
        'keep',
        '--hold',
        'mysql=7',
        'postgresql=20',
      );
      expect(out).toContain('counts from now on');
      const changed = await readFile(latchkey.config, 'utf8');
      expect(changed).toMatch(/onLock: keep/);
      expect(changed).toMatch(/mysql: 7s/);
      expect(changed).toMatch(/postgresql: 20s/);
      for (const wrong of [
        [],
        ['--on-lock', 'explode'],
        ['--hold', 'oracle=3'],
        ['--hold', 'mysql=soon'],
        ['--hold', 'mysql=99'],
      ])
        expect((await latchkey.run('--json', 'config', 'policy', ...wrong)).out).toContain(
          '"request-invalid"',
        );
      expect(await readFile(latchkey.config, 'utf8')).toBe(changed);
      await client.post('/v1/policies', { onLock: 'cut' });
      await client.post('/v1/lock', {});
      expect(await latchkey.audit('screen-locked')).toMatchObject([{ onLock: 'cut' }]);
      await expect(client.post('/v1/policies', { hold: { mysql: 500 } })).rejects.toMatchObject({
        code: 'request-invalid',
      });
    } finally {
      await latchkey.close();
    }
  });
});
