import { basename } from 'node:path';
import { z } from 'zod';
import type { CommandSettings } from '../config/password-source.ts';
import { toSeconds } from '../config/duration.ts';
import { createInFlight } from './limit.ts';
import { runProgram, type ProgramOutcome } from './run-program.ts';
import { closing, SourceFailure } from './source-failure.ts';

export interface UserAndPassword {
  /** Absent: the role of the rule. */
  user?: string;
  password: string;
}

export interface CommandSource {
  /** @throws SourceFailure */
  read(settings: CommandSettings): Promise<UserAndPassword>;
  /** Kills what still runs, and forgets what is kept. */
  close(): void;
}

/** A password whose end is closer than this is not used for another login. */
const marginMs = 60_000;

const withoutNul = (text: string): boolean => !text.includes('\0');
/**
 * The JSON that AWS calls the output of a `credential_process` (docs.aws.amazon.com/cli/latest/userguide,
 * cli-configure-sourcing-external), with user and password in place of the keys. Bare text is not taken for a
 * password: what a program prints by mistake, such as its help, would be sent to the database.
 */
const printed = z.object({
  Version: z.literal(1),
  Username: z.string().min(1).max(256).refine(withoutNul).optional(),
  Password: z.string().min(1).refine(withoutNul),
  Expiration: z.iso.datetime({ offset: true }).optional(),
});

/** Passwords that a program prints. Each is kept in memory until a minute before its `Expiration`, else not at all. */
export function createCommandSource({ now }: { now(): number }): CommandSource {
  const runs = createInFlight<UserAndPassword>();
  const kept = new Map<string, { until: number; value: UserAndPassword }>();
  const life = new AbortController();

  async function run({ command, timeout }: CommandSettings, key: string): Promise<UserAndPassword> {
    const name = basename(command[0] ?? '');
    const outcome = await runProgram(command, {
      timeoutMs: toSeconds(timeout) * 1000,
      signal: life.signal,
    }).catch((): ProgramOutcome => ({ kind: 'not-started', code: 'not possible' }));
    if (life.signal.aborted) throw closing();
    if (outcome.kind !== 'ended') throw unsuccessful(outcome, name, timeout);
    const { value, expiresAt } = parse(outcome.stdout, name);
    if (expiresAt !== undefined && expiresAt <= now()) {
      throw new SourceFailure(
        `what the command ${name} printed has already expired`,
        'Check the clock of this computer, and whether the command keeps an old answer.',
      );
    }
    if (expiresAt !== undefined) kept.set(key, { until: expiresAt - marginMs, value });
    return value;
  }

  return {
    async read(settings) {
      const key = JSON.stringify(settings.command);
      const known = kept.get(key);
      if (known !== undefined && known.until > now()) return known.value;
      kept.delete(key);
      return runs.share(key, () => run(settings, key));
    },
    close() {
      life.abort();
      kept.clear();
    },
  };
}

function parse(stdout: Buffer, name: string): { value: UserAndPassword; expiresAt: number | undefined } {
  const { data } = printed.safeParse(jsonOf(stdout));
  if (data === undefined) {
    throw new SourceFailure(
      `the command ${name} did not print a credential`,
      'It has to print {"Version": 1, "Password": "…"}, with "Username" and "Expiration" (such as 2030-01-31T12:00:00Z) where they are known, and nothing else.',
    );
  }
  const { Username: user, Password: password, Expiration: expiration } = data;
  return {
    value: { password, ...(user === undefined ? {} : { user }) },
    expiresAt: expiration === undefined ? undefined : Date.parse(expiration),
  };
}

function jsonOf(stdout: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(stdout));
  } catch {
    return undefined;
  }
}

function unsuccessful(
  outcome: Exclude<ProgramOutcome, { kind: 'ended' }>,
  name: string,
  timeout: string,
): SourceFailure {
  const byHand = 'Run it by hand as the user of Latchkey: what it says on standard error is not kept.';
  switch (outcome.kind) {
    case 'failed':
      return new SourceFailure(`the command ${name} ended with ${outcome.status}`, byHand);
    case 'timeout':
      return new SourceFailure(
        `the command ${name} did not end within ${timeout}`,
        `${byHand} Where it needs longer, raise "timeout" of the rule.`,
      );
    case 'too-large':
      return new SourceFailure(`the command ${name} printed more than 64 KiB`, byHand);
    case 'not-started':
      return new SourceFailure(
        `the command ${name} cannot be started (${outcome.code})`,
        'Check the path of the program and that the user of Latchkey may run it.',
      );
  }
}
