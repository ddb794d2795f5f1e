import { z } from 'zod';

/** What comes with a request that administers: how the person proves that it is they. */
export const proofFields = {
  /** Of the authenticator, or a recovery code; it is used up by the request. */
  code: z.string().min(1).max(100).optional(),
  /** Asks the phone instead; the number to choose is in the state. */
  phone: z.boolean().optional(),
  /** Sign-in name or object id of the account that does it, where several are signed in. */
  as: z.string().min(1).max(200).optional(),
};

/** The API takes this one too; the window has no use for it. */
export const apiProofFields = { ...proofFields, setUp: z.string().max(100).optional() };

export interface Proof {
  code?: string | undefined;
  phone?: boolean | undefined;
  as?: string | undefined;
  /** Shows that whoever asks can write to the home folder: see own-home.ts. */
  setUp?: string | undefined;
}
