import { join } from 'node:path';
import { z } from 'zod';
import { jsonBytes, jsonOf } from '../base/json-bytes.ts';
import { toLogText } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
import { newerThanThis, versionOfJson } from '../store/versioned.ts';

const stored = z.object({
  version: z.literal(1),
  account: z
    .object({
      provider: z.string(),
      tenantId: z.string(),
      objectId: z.string(),
      username: z.string(),
      displayName: z.string(),
    })
    .optional(),
});

/**
 * The account that the person has chosen for what names none (`latchkey use`), over restarts. It lets nobody in: whether
 * that account is signed in and may is looked at each time. One that cannot be read is none.
 */
export class ChosenAccount {
  readonly #file: string;
  readonly #changed: () => void;
  #account: Account | undefined;
  #newer = false;

  private constructor(file: string, changed: () => void) {
    this.#file = file;
    this.#changed = changed;
  }

  static async open(home: string, changed: () => void, log: (line: string) => void): Promise<ChosenAccount> {
    const chosen = new ChosenAccount(join(home, 'account.json'), changed);
    try {
      const bytes = await readIfThere(chosen.#file);
      chosen.#newer = bytes !== undefined && versionOfJson(bytes) > 1;
      chosen.#account = bytes && stored.safeParse(jsonOf(bytes)).data?.account;
    } catch (error) {
      log(`chosen account: ${toLogText(error)}`);
    }
    return chosen;
  }

  get account(): Account | undefined {
    return this.#account;
  }

  /** @param account undefined for none. @throws LatchkeyError `store-failed`, `stored-newer` */
  async choose(account: Account | undefined): Promise<void> {
    if (this.#newer) throw newerThanThis(`The file ${this.#file}`);
    const value: z.input<typeof stored> = { version: 1, account };
    await writeDurably(this.#file, jsonBytes(value));
    this.#account = account;
    this.#changed();
  }
}
