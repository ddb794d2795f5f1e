import { z } from 'zod';
import { schemaVersion } from '../contract/actions.ts';
import { apiProblem } from '../contract/problem.ts';

const text = z.string();

/** What `serve` prints with `--json`. The other commands' forms take the schemas of all actions, which no start waits for. */
export const printedByServe = {
  problem: z.object({ problem: apiProblem }),
  serve: z.object({
    event: z.literal('serving'),
    pid: z.number().int(),
    home: text,
    api: z.url(),
    connections: z.array(z.object({ name: text, host: text, port: z.number().int() })),
  }),
} as const;

/** Makes a line of a command's result: what the table does not name is left out. */
export const lineOf =
  (table: Readonly<Record<string, z.ZodType>>) =>
  (command: string, value: unknown): string =>
    JSON.stringify({ schemaVersion, ...(table[command]?.parse(value) as object) });
