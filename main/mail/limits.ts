import { join } from 'node:path';
import { z } from 'zod';
import { jsonBytes, jsonOf } from '../base/json-bytes.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { createMutex } from '../base/mutex.ts';
import { readIfThere, writeDurably } from '../store/durable-file.ts';
import { newerThanThis, versionOfJson } from '../store/versioned.ts';

const hourMs = 3_600_000;
const forAddress = 3;
const forHost = 10;

const sent = z.object({ version: z.literal(1), sent: z.array(z.object({ to: z.string(), at: z.number() })) });
type Sent = z.infer<typeof sent>['sent'];

/**
 * How many codes may be mailed: three an hour to one address and ten in all, over restarts too. Whoever can ask for
 * mails could otherwise wear a person down until they enter a code that they did not ask for.
 * @param folder where the times are kept
 * @param now milliseconds since 1970
 */
export function createMailLimits(folder: string, now: () => number = Date.now) {
  const file = join(folder, 'mailed-codes.json');
  // Mails that go out at the same time would each see the count without the others.
  const mutex = createMutex();

  async function ofLastHour(): Promise<Sent> {
    const bytes = await readIfThere(file);
    if (bytes === undefined) return [];
    if (versionOfJson(bytes) > 1) throw newerThanThis(`The count of mailed codes (${file})`);
    // A file that cannot be understood must not open what it limits.
    const parsed = sent.safeParse(jsonOf(bytes));
    if (!parsed.success) throw tooMany('Codes are not mailed: the count of them cannot be read.', file);
    // A clock that has been set back forgets nothing.
    return parsed.data.sent.filter(({ at }) => now() - at < hourMs);
  }

  async function check(to: string): Promise<Sent> {
    const before = await ofLastHour();
    if (before.filter((mail) => mail.to === to).length >= forAddress)
      throw tooMany(`Three codes have been mailed to ${to} within an hour.`);
    if (before.length >= forHost) throw tooMany('Ten codes have been mailed from this host within an hour.');
    return before;
  }

  return {
    /** @throws LatchkeyError `limit-reached` where no mail may go to this address now, `stored-newer` */
    check: async (to: string): Promise<void> => void (await check(to)),
    /** Counts a mail before it goes out. @throws LatchkeyError `limit-reached`, `store-failed` */
    count: (to: string): Promise<void> =>
      mutex.run(async () => {
        const mails = [...(await check(to)), { to, at: now() }];
        await writeDurably(file, jsonBytes({ version: 1, sent: mails }));
      }),
  };
}

export type MailLimits = ReturnType<typeof createMailLimits>;

function tooMany(message: string, file?: string): LatchkeyError {
  return new LatchkeyError('limit-reached', message, {
    remedy:
      file === undefined
        ? 'Wait, or sign in with the code that "latchkey login" shows on this host.'
        : `Look at ${file}, and delete it if nobody has misused the mails.`,
  });
}
