import { z } from 'zod';
import { configuration } from './schema.ts';

/** The configuration's JSON Schema (draft 2020-12) for editors: what a person may write, so defaults stay optional. */
export function configurationJsonSchema(): unknown {
  return {
    title: 'Latchkey configuration',
    ...z.toJSONSchema(configuration, { io: 'input', target: 'draft-2020-12' }),
  };
}
