import { randomBytes } from 'node:crypto';
import { encode } from 'uqr';
import { z } from 'zod';
import { defined } from '../base/defined.ts';
import { LatchkeyError } from '../contract/errors.ts';

// Crockford's base 32: a topic may have to be typed into a phone, so nothing in it looks like something else.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const topicLength = 26;
const topic = (prefix: string) => z.string().regex(new RegExp(`^${prefix}-[${alphabet}]{${topicLength}}$`));

/** What push needs of one account. It holds secrets: whoever keeps it seals it. */
export const pushEnrolment = z.strictObject({
  version: z.literal(1),
  /** Origin of the ntfy server. */
  server: z.string(),
  /** The phone subscribes to it. Its name has 130 random bits and is known to phone, server and broker only. */
  requestTopic: topic('latchkey-ask'),
  /** Taps are sent to it. */
  answerTopic: topic('latchkey-answer'),
  /** 256-bit key of the answers' signatures, base64url. It never leaves the broker. */
  key: z.base64url().length(43),
  /** ntfy access token of the broker. It is never put into a message. */
  accessToken: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/)
    .optional(),
});
export type PushEnrolment = z.infer<typeof pushEnrolment>;

/** How a phone is brought to subscribe. Whoever has this can read the requests: show it, never log it. */
export interface PushInvitation {
  server: string;
  topic: string;
  /** Opens the ntfy application on Android. */
  link: string;
  /** The topic in ntfy's web application. */
  webLink: string;
  /** Modules of a QR code of `link`, dark ones true, with its quiet zone. */
  qr: boolean[][];
}

/**
 * Fresh topics and a fresh key.
 * @throws LatchkeyError `config-invalid` for an access token that is not one line of visible characters.
 */
export function newEnrolment(server: string, accessToken?: string): PushEnrolment {
  const enrolment = {
    version: 1,
    server,
    requestTopic: `latchkey-ask-${randomName()}`,
    answerTopic: `latchkey-answer-${randomName()}`,
    key: randomBytes(32).toString('base64url'),
    ...defined({ accessToken }),
  };
  const checked = pushEnrolment.safeParse(enrolment);
  if (checked.success) return checked.data;
  throw new LatchkeyError('config-invalid', 'The access token for ntfy has characters that no token has.', {
    remedy: 'Copy the token again; "ntfy token add" prints it.',
  });
}

/** ntfy's link format is `ntfy://<host>/<topic>`, with `?secure=false` for http (docs.ntfy.sh/subscribe/phone). */
export function invitationOf({ server, requestTopic }: PushEnrolment): PushInvitation {
  const { host, protocol } = new URL(server);
  const link = `ntfy://${host}/${requestTopic}${protocol === 'http:' ? '?secure=false' : ''}`;
  return {
    server,
    topic: requestTopic,
    link,
    webLink: `${server}/${requestTopic}`,
    qr: encode(link, { ecc: 'M', border: 4 }).data,
  };
}

function randomName(): string {
  return Array.from(randomBytes(topicLength), (byte) => alphabet[byte & 31]).join('');
}
