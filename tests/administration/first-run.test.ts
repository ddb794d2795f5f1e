import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createLatchkey, startWorld } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';

const form = (name: string) => ({
  name,
  type: 'azure-directory',
  enabled: true,
  authority: `https://login.microsoftonline.com/f4b1ca00-0000-4000-8000-000000000001`,
  applicationId: 'f4b1ca00-0000-4000-8000-00000000c11e',
});

describeWith([parts.postgres], 'first run', () => {
  it('the first provider takes nobody, the second one a person', async () => {
    const world = await startWorld();
    const latchkey = await createLatchkey(world, {
      // The world's own interval is for its local tenant alone; the form below names Microsoft's.
      configure: (configuration) => void Object.assign(configuration, { providers: [], session: {} }),
    });
    try {
      const api = await latchkey.client();
      await expect(api.post('/v1/providers/enable', { name: 'x', enabled: true })).rejects.toMatchObject({
        code: 'sign-in-required',
      });
      await api.post('/v1/providers/save', form('first'));
      expect(await readFile(latchkey.config, 'utf8')).toContain('name: first');
      expect(await latchkey.audit('administered')).toMatchObject([
        ...Object.keys(world.passwords).map(() => ({ by: 'set-up' })),
        { action: 'provider saved', subject: 'first', by: 'first-run' },
      ]);
      for (const name of ['first', 'second']) {
        await expect(api.post('/v1/providers/save', form(name))).rejects.toMatchObject({
          code: 'sign-in-required',
        });
      }
    } finally {
      await latchkey.close();
      await world.close();
    }
  });
});
