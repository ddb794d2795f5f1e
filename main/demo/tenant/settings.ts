import { z } from 'zod';

const seconds = z.number().int().min(1).max(10_000_000);

/** Changed while the tenant runs; what is issued keeps what it was issued with. */
export const settingsSchema = z.strictObject({
  /** Lifetime of a device code. */
  deviceCodeSeconds: seconds.default(900),
  /** Seconds between two polls that the device code endpoint asks for. */
  intervalSeconds: seconds.default(5),
  /** What the device code endpoint says to the person; `{uri}` and `{code}` are filled in. */
  deviceCodeMessage: z
    .string()
    .default('To sign in, open the page {uri} in a browser and enter the code {code}.'),
  /** Another address in the device code answer than the real page, as a hostile server would send it. */
  verificationUri: z.string().optional(),
  /** Answers slow_down to a client that polls faster than it was told. */
  enforceInterval: z.boolean().default(false),
  /** Lifetime of an access token: random between the two. */
  accessTokenSeconds: z
    .strictObject({ minimum: seconds, maximum: seconds })
    .refine(({ minimum, maximum }) => minimum <= maximum, 'minimum must not be above maximum')
    .default({ minimum: 3600, maximum: 5400 }),
  /** A refresh token that nobody uses for so long expires (700082). */
  refreshTokenSeconds: seconds.default(90 * 24 * 3600),
  authorizationCodeSeconds: seconds.default(600),
  /** Wrong user codes within 15 minutes before the verification page takes no more. */
  wrongCodeLimit: z.number().int().min(1).max(1000).default(10),
});

export type TenantSettings = z.output<typeof settingsSchema>;
