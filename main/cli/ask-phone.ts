import type { ApiState } from '../contract/api-state.ts';
import type { Client } from './client.ts';
import type { Output } from './output.ts';

/** Shows the number to choose as soon as the state has it, and waits for the phone's answer. */
export async function askPhone<Reply>(
  { client, output, signal }: { client: Client; output: Output; signal: AbortSignal },
  ask: () => Promise<Reply>,
  numberOf: (state: ApiState) => string | undefined = ({ accounts }) =>
    accounts.map(({ secondFactor }) => secondFactor?.push.testNumber).find((number) => number !== undefined),
): Promise<Reply> {
  const done = new AbortController();
  const answered = ask().finally(() => done.abort());
  // Awaited below; until then a rejection must not count as unhandled.
  answered.catch(() => undefined);
  let after = -1;
  let shown: string | undefined;
  while (shown === undefined && !done.signal.aborted && !signal.aborted) {
    const { revision, state } = await client.state({ after, waitSeconds: 1, signal });
    after = revision;
    shown = numberOf(state);
  }
  if (shown !== undefined) output.err(`Choose this number on the phone:  ${shown}`);
  return answered;
}
