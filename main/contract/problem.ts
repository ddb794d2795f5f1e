import { z } from 'zod';
import { errorCodes } from './errors.ts';

/** A failure as the HTTP API and `--json` tell it. */
export const apiProblem = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  remedy: z.string().optional(),
  entra: z
    .object({
      aadsts: z.number().int().optional(),
      error: z.string().optional(),
      suberror: z.string().optional(),
      claims: z.string().optional(),
      traceId: z.string().optional(),
      correlationId: z.string().optional(),
    })
    .optional(),
  /** With a configuration that has faults: each by itself. */
  faults: z
    .array(z.object({ file: z.string(), line: z.number().int().optional(), text: z.string() }))
    .optional(),
});
