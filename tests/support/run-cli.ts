import { vi } from 'vitest';
import { runCli } from '../../main/cli/program.ts';

type Options = Omit<Parameters<typeof runCli>[1], 'signal'>;

/** A command line in this process, with what it writes. */
export async function runHere(
  args: string[],
  options: Options = {},
): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const spies = (['out', 'err'] as const).map((name) =>
    vi.spyOn(process[`std${name}`], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  try {
    const code = await runCli(args, { ...options, signal: new AbortController().signal });
    return { code, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
