import type { Explanation } from '../contract/explanation.ts';
import type { Check } from '../contract/shapes.ts';
import { plain, result } from './output.ts';
import type { Tools } from './tools.ts';

const marks = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ', skipped: 'skipped' } as const;

/** `doctor` and `explain`: what is wrong, and why somebody may or may not. */
export function registerChecks({ program, output, withClient }: Tools): void {
  program
    .command('doctor')
    .description(
      'check authority, application, permissions, Graph, clock, keyring, ports; says what to click',
    )
    .action(
      withClient(async (client) => {
        const { checks } = await client.call('runDoctor', {});
        result(output, 'doctor', { checks }, describeChecks(checks));
        return exitCodeOf(checks);
      }),
    );

  program
    .command('explain')
    .description('why a person may or may not use a connection: chain, session, groups, rules')
    .argument('<sign-in name>@<connection>')
    .action(
      withClient(async (client, subject: string) => {
        const explanation = await client.call('explain', { subject });
        result(output, 'explain', explanation, describeExplanation(explanation));
        return explanation.allowed ? 0 : 4;
      }),
    );
}

export function describeChecks(checks: readonly Check[]): string {
  return checks
    .map(({ name, result: outcome, message, remedy, aadsts }) => {
      const number = aadsts === undefined ? '' : ` (AADSTS${aadsts})`;
      return `${marks[outcome]}  ${plain(name)}: ${plain(message)}${number}${remedy === undefined ? '' : `\n           ${remedy}`}`;
    })
    .join('\n');
}

/** A warning is something to know, not a failure. */
export function exitCodeOf(checks: readonly Check[]): number {
  return checks.some(({ result: outcome }) => outcome === 'failed') ? 1 : 0;
}

function describeExplanation({ username, connection, allowed, reasons }: Explanation): string {
  const signs = { allows: '+', denies: '-', info: ' ' } as const;
  const lines = reasons.map(
    ({ step, effect, text }) => ` ${signs[effect]} ${step.padEnd(13)}  ${plain(text)}`,
  );
  return [`${plain(username)} on "${connection}": ${allowed ? 'allowed' : 'DENIED'}`, ...lines].join('\n');
}
