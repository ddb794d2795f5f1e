import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { configurationJsonSchema } from '../../main/config/json-schema.ts';

it('the published JSON Schema is the one of the code (npm run schema writes it)', async () => {
  const published = JSON.parse(
    await readFile(new URL('../../assets/latchkey.schema.json', import.meta.url), 'utf8'),
  ) as unknown;
  expect(published).toEqual(JSON.parse(JSON.stringify(configurationJsonSchema())));
});
